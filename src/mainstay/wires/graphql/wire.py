"""The GraphQL wire in one piece: a question to an operation, a result to an answer, and what it remembers.

A document is parsed and looked up once for each role, and form of its variables. After that a request only fills in
values, and graphql-core is not touched.
"""

from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import TypeAlias

import msgspec

from mainstay.cache.bounded import Bounded
from mainstay.core.exchange import Request, Response, Socket, Upgrade
from mainstay.core.limits import Limits
from mainstay.core.operation import Invoke, Operation, Read, Shape, Together
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.wires.graphql.accept import GRAPHQL, JSON, wants_events, wants_status
from mainstay.wires.graphql.allowed import Documents, Lock
from mainstay.wires.graphql.document import Document
from mainstay.wires.graphql.events import HEADERS, events
from mainstay.wires.graphql.given import Path, Source, Variables, fill, pinned
from mainstay.wires.graphql.introspect import ASKING
from mainstay.wires.graphql.mutate import read_mutation
from mainstay.wires.graphql.opening import check_origin, choose
from mainstay.wires.graphql.problems import BUSY, NO_REQUEST, RETRY_AFTER_S, body_of, live_elsewhere, status_of
from mainstay.wires.graphql.query import Root, read_query, read_subscription
from mainstay.wires.graphql.request import Question, read_question
from mainstay.wires.graphql.schema import Schema
from mainstay.wires.graphql.session import Answerer, Session
from mainstay.wires.graphql.several import join, split
from mainstay.wires.graphql.translation import Translation
from mainstay.wires.graphql.validate import validate
from mainstay.wires.graphql.vocabulary import Vocabulary

Key: TypeAlias = tuple[object, ...]

TOLD_MAX, TOLD_BYTES_MAX = 8, 1 << 20
"""Answers of introspection that are kept, and bytes of one that is: schemas themselves are not."""

encode = msgspec.json.Encoder().encode
TEXT_MAX = 1_024
"""Characters of a document that is kept as a key itself; of a longer one a digest is."""


class Step(msgspec.Struct, frozen=True):
    """One operation of a question. What the database answers stands behind `before` in the answer.

    `place` is what of the document a problem is with that nothing else says it of.
    """

    shape: Shape
    before: bytes
    place: str = "$"
    opened: bool = False
    """`before` has the answer's first brace already."""
    silent: bool = False
    """Nothing of what the database answers is in the answer."""


class Prepared(msgspec.Struct, frozen=True):
    """A question without its variables' values: what is done, in order, and where each value comes from.

    A query is one step at most, for all that it reads is of one moment; a subscription is one. `after` ends the answer.
    """

    steps: tuple[Step, ...]
    sources: tuple[Source, ...]
    after: bytes
    writes: bool = False
    live: bool = False
    """It is a subscription: the answer is wanted whenever it is another one."""
    streams: bool = False
    """The answers to it are batches of rows, each behind the one before."""
    lasting: bool = True
    """Whether it is kept with the others: what introspection told is not."""


class GraphWire:
    """Hasura v2's query grammar, at each of `paths`. `number_texts`: large numbers are answered as texts."""

    def __init__(
        self,
        paths: tuple[str, ...],
        limits: Limits,
        *,
        introspection: bool = False,
        number_texts: bool = False,
        lock: Lock | None = None,
    ) -> None:
        self.paths = frozenset(paths)
        self.limits = limits
        self.documents = Documents(limits.persisted_max, lock)
        self.introspection = introspection
        self.number_texts = number_texts
        self._pins: Bounded[Key, tuple[Path, ...]] = Bounded(limits.plans_max)
        self._prepared: Bounded[Key, Prepared] = Bounded(limits.plans_max)
        self._told: Bounded[Key, Prepared] = Bounded(TOLD_MAX)

    def parse(self, request: Request) -> Question:
        """Raises Problem, which `refuse` turns into a response."""
        return read_question(request, self.documents)

    def several(self, request: Request) -> list[Request] | None:
        """The requests that one body holds; None where it is no list. Raises Problem."""
        return split(request, self.limits)

    def join(self, answers: Sequence[Response]) -> Response:
        """The answer to `several`."""
        return join(answers)

    def stream(self, request: Request, principal: Principal, answerer: Answerer) -> Response | None:
        """The answers as they come, where the client asks for that; None where it does not. Raises Problem."""
        if not wants_events(request):
            return None
        self.parse(request)
        answers = answerer.answers(request, principal)
        return Response(200, list(HEADERS), stream=events(answers, answerer.expires(principal), self.limits))

    def open(self, request: Request, answerer: Answerer, origins: Collection[str]) -> Upgrade:
        """The answer to a request for a socket. `origins` may call the API. Raises Problem."""
        check_origin(request, origins)
        dialect, protocol = choose(request)

        async def converse(socket: Socket) -> None:
            await Session(socket, request, dialect, answerer, self.limits).run()

        return Upgrade(protocol, converse)

    def known(self, question: Question, role: str) -> Prepared | None:
        """What was prepared for the same question, whatever its values; None the first time."""
        key = _key(question, role)
        pins = self._pins.get(key)
        if pins is None:
            return None
        key = (key, pinned(question.variables, pins))
        return self._prepared.get(key) or self._told.get(key)

    def prepare(self, question: Question, role: str, vocabulary: Vocabulary) -> Prepared:
        """Parse and look up, once. Raises Problem."""
        try:
            return self._prepare(question, role, vocabulary)
        except Problem as problem:
            vocabulary.names.tell(problem)
            raise

    def _prepare(self, question: Question, role: str, vocabulary: Vocabulary) -> Prepared:
        limits = vocabulary.limits or self.limits
        document = Document(question.text, question.name, limits, vocabulary.names)
        self.documents.check(document.parsed)
        document.check_cycles()
        variables = Variables(document.operation, question.variables)
        translation = Translation(
            document,
            variables,
            vocabulary,
            limits,
            introspection=self.introspection,
            number_texts=self.number_texts,
        )
        prepared = _prepared(translation)
        validate(document, Schema(vocabulary))
        if document.writes and question.safe:
            raise Problem("method-not-allowed", "Mutations are served by POST alone", where=NO_REQUEST)
        key = _key(question, role)
        # A value that another request of this form was known by stays a part of what they all are known by.
        pins = tuple(dict.fromkeys((*(self._pins.get(key) or ()), *variables.pins)))
        self._pins.put(key, pins)
        if prepared.lasting or len(prepared.after) < TOLD_BYTES_MAX:
            kept = self._prepared if prepared.lasting else self._told
            kept.put((key, pinned(question.variables, pins)), prepared)
        return prepared

    @staticmethod
    def is_long(question: Question) -> bool:
        """Whether to prepare it may take so long that others should not wait for it."""
        return ASKING.search(question.text) is not None

    def operations(
        self, prepared: Prepared, question: Question, settings: tuple[tuple[str, str], ...] = ()
    ) -> list[Operation]:
        """One for each step. `settings` are of the database, in force while an operation runs."""
        values = fill(prepared.sources, question.variables)
        return [Operation(step.shape, values, settings=settings) for step in prepared.steps]

    def answer(self, request: Request, prepared: Prepared, results: Sequence[Result]) -> Response:
        """The response; there is a result for each step. Raises Problem for a subscription."""
        if prepared.live:
            raise live_elsewhere()
        return Response(200, [_content_type(request)], self.body(prepared, results))

    @staticmethod
    def body(prepared: Prepared, results: Sequence[Result]) -> bytes:
        """`{"data": …}`; there is a result for each step."""
        parts = [part for step, result in zip(prepared.steps, results, strict=True) for part in _parts(step, result)]
        return b"".join((*parts, prepared.after))

    def refuse(self, problem: Problem, request: Request, *, anonymous: bool) -> Response:
        headers = [_content_type(request)]
        status = status_of(problem, told=wants_status(request) or wants_events(request), anonymous=anonymous)
        if problem.code in BUSY:
            headers.append(("retry-after", str(problem.retry_after_s or RETRY_AFTER_S)))
        if status == 405:
            headers.append(("allow", "GET, POST, OPTIONS"))
        return Response(status, headers, None if request.method == "HEAD" else body_of(problem))


def _parts(step: Step, result: Result) -> tuple[bytes, bytes]:
    if step.silent:
        return step.before, b""
    body = b"null" if result.body is None else result.body
    return step.before, body[1:] if step.opened else body


def _prepared(translation: Translation) -> Prepared:
    if translation.document.writes:
        return _mutation(translation)
    if translation.document.live:
        return _subscription(translation)
    return _query(read_query(translation), translation)


def _subscription(translation: Translation) -> Prepared:
    members = read_subscription(translation)
    streams = any(isinstance(member, Read) and member.resumable for _, member in members)
    return msgspec.structs.replace(_query(members, translation), live=True, streams=streams)


def _query(members: list[tuple[str, Root]], translation: Translation) -> Prepared:
    """One read alone is asked for as REST asks for it; to put an object around it costs PostgreSQL a third of a key's
    read (python -m bench). What introspection tells goes before what is read."""
    told = {name: member for name, member in members if isinstance(member, msgspec.Raw)}
    asked = tuple((name, member) for name, member in members if not isinstance(member, msgspec.Raw))
    sources, lasting = tuple(translation.sources), not told
    if not any(isinstance(member, Read | Invoke) for _, member in asked):
        return Prepared((), sources, encode({"data": told | dict(asked)}), lasting=lasting)
    before = b'{"data":{%b' % b"".join(b"%b:%b," % (encode(name), each) for name, each in told.items())
    match asked:
        case ((name, (Read() | Invoke()) as read),):
            return Prepared((Step(read, before + encode(name) + b":"),), sources, b"}}", lasting=lasting)
        case _ if told:
            return Prepared((Step(Together(asked), before, opened=True),), sources, b"}", lasting=False)
        case _:
            return Prepared((Step(Together(asked), b'{"data":'),), sources, b"}")


def _mutation(translation: Translation) -> Prepared:
    """A step for each write."""
    steps: list[Step] = []
    pending = b'{"data":{'
    for number, root in enumerate(read_mutation(translation)):
        pending += (b"," if number else b"") + encode(root.key) + (b":[" if root.listed else b":")
        for index, deed in enumerate(root.deeds):
            pending += b"," if index and root.listed else b""
            if isinstance(deed.shape, str):
                pending += encode(deed.shape)
            else:
                steps.append(Step(deed.shape, pending, deed.place, silent=deed.silent))
                pending = b""
        pending += b"]" if root.listed else b""
    return Prepared(tuple(steps), tuple(translation.sources), pending + b"}}", writes=True)


def _key(question: Question, role: str) -> Key:
    """Of a long text a digest is enough; the role and the form are as they are."""
    text = question.text
    known = text if len(text) < TEXT_MAX else blake2b(text.encode(), digest_size=16).digest()
    return (known, question.name, role, question.form, question.safe)


def _content_type(request: Request) -> tuple[str, str]:
    return "content-type", f"{GRAPHQL if wants_status(request) else JSON}; charset=utf-8"
