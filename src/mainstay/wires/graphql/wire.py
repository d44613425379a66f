"""The GraphQL wire in one piece: a question to an operation, a result to an answer, and what it remembers.

A document is parsed and looked up once for each role, and form of its variables. After that a request only fills in
values, and graphql-core is not touched.
"""

from hashlib import blake2b
from typing import TypeAlias

import msgspec

from mainstay.cache.bounded import Bounded
from mainstay.core.exchange import Request, Response
from mainstay.core.limits import Limits
from mainstay.core.operation import Operation, Read, Together
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.wires.graphql.document import Document
from mainstay.wires.graphql.given import Path, Source, Variables, fill, pinned
from mainstay.wires.graphql.problems import BUSY, RETRY_AFTER_S, body_of, status_of
from mainstay.wires.graphql.request import GRAPHQL, JSON, Question, read_question, wants_status
from mainstay.wires.graphql.select import read_query
from mainstay.wires.graphql.translation import Translation
from mainstay.wires.graphql.vocabulary import Vocabulary

Key: TypeAlias = tuple[object, ...]


class Prepared(msgspec.Struct, frozen=True):
    """A question without its variables' values: the shape, and where each value comes from.

    The answer is what the database sends between `before` and `after`.
    """

    shape: Read | Together
    sources: tuple[Source, ...]
    before: bytes
    after: bytes

    @property
    def empty(self) -> bool:
        """True where no row is asked for."""
        return isinstance(self.shape, Together) and all(isinstance(member, str) for _, member in self.shape.members)


class GraphWire:
    """Hasura v2's query grammar, at each of `paths`."""

    def __init__(self, paths: tuple[str, ...], limits: Limits) -> None:
        self.paths = frozenset(paths)
        self.limits = limits
        self._pins: Bounded[Key, tuple[Path, ...]] = Bounded(limits.plans_max)
        self._prepared: Bounded[Key, Prepared] = Bounded(limits.plans_max)

    def parse(self, request: Request) -> Question:
        """Raises Problem, which `refuse` turns into a response."""
        return read_question(request)

    def known(self, question: Question, role: str) -> Prepared | None:
        """What was prepared for the same question, whatever its values; None the first time."""
        key = _key(question, role)
        pins = self._pins.get(key)
        return None if pins is None else self._prepared.get((key, pinned(question.variables, pins)))

    def prepare(self, question: Question, role: str, vocabulary: Vocabulary) -> Prepared:
        """Parse and look up, once. Raises Problem."""
        document = Document(question.text, question.name, self.limits)
        document.check_cycles()
        variables = Variables(document.operation, question.variables)
        translation = Translation(document, variables, vocabulary, self.limits)
        prepared = _prepared(read_query(translation), tuple(translation.sources))
        key = _key(question, role)
        # A value that another request of this form was known by stays a part of what they all are known by.
        pins = tuple(dict.fromkeys((*(self._pins.get(key) or ()), *variables.pins)))
        self._pins.put(key, pins)
        self._prepared.put((key, pinned(question.variables, pins)), prepared)
        return prepared

    def operation(
        self, prepared: Prepared, question: Question, settings: tuple[tuple[str, str], ...] = ()
    ) -> Operation:
        """`settings` are of the database, in force while the operation runs."""
        return Operation(prepared.shape, fill(prepared.sources, question.variables), settings=settings)

    def answer(self, request: Request, prepared: Prepared, result: Result | None) -> Response:
        """The response; `result` is None where nothing had to be read."""
        body = None if result is None else result.body
        if body is None and isinstance(prepared.shape, Together):
            body = msgspec.json.encode(dict(prepared.shape.members))
        return Response(200, [_content_type(request)], b"".join((prepared.before, body or b"null", prepared.after)))

    def refuse(self, problem: Problem, request: Request, *, anonymous: bool) -> Response:
        headers = [_content_type(request)]
        status = status_of(problem, told=wants_status(request), anonymous=anonymous)
        if problem.code in BUSY:
            headers.append(("retry-after", str(problem.retry_after_s or RETRY_AFTER_S)))
        if status == 405:
            headers.append(("allow", "GET, POST, OPTIONS"))
        return Response(status, headers, None if request.method == "HEAD" else body_of(problem))


def _prepared(together: Together, sources: tuple[Source, ...]) -> Prepared:
    """One read alone is asked for as REST asks for it; to put an object around it costs PostgreSQL a third of a key's
    read (python -m bench)."""
    match together.members:
        case ((name, Read() as read),):
            return Prepared(read, sources, b'{"data":{%b:' % msgspec.json.encode(name), b"}}")
        case _:
            return Prepared(together, sources, b'{"data":', b"}")


def _key(question: Question, role: str) -> Key:
    """Of a long text a digest is enough; the role and the form are as they are."""
    return (blake2b(question.text.encode(), digest_size=16).digest(), question.name, role, question.form)


def _content_type(request: Request) -> tuple[str, str]:
    return "content-type", f"{GRAPHQL if wants_status(request) else JSON}; charset=utf-8"
