"""Several requests in one: reads a batch's operations and writes their answers. What runs them, runs all or nothing.

Each operation is read and answered exactly as a request of its own would be; here is only what is around them.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from mainstay.core.exchange import Request, Response
from mainstay.core.idempotency import parse_once, replayed
from mainstay.core.once import Once
from mainstay.core.operation import Ending, Operation
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.wires.rest.call import Call, Headers
from mainstay.wires.rest.conditional import parse_precondition
from mainstay.wires.rest.cors import cors_headers
from mainstay.wires.rest.payload import EMPTY_OR_INVALID
from mainstay.wires.rest.prefer import parse_prefer
from mainstay.wires.rest.references import filled
from mainstay.wires.rest.wire import RestWire

METHODS = ("GET", "HEAD", "POST", "PATCH", "PUT", "DELETE")
OWN = frozenset({"accept", "prefer", "accept-profile", "content-profile", "range", "if-match", "if-none-match"})
"""Headers that an operation may have; each has its own alone, and none of the batch's."""

OF_THE_BATCH = frozenset({"content-type", "content-length", "idempotency-key", "origin"})


class Item(msgspec.Struct, forbid_unknown_fields=True):
    """One operation, as it is sent. `path` is below the prefix and has the query; `prefer` is short for a header."""

    method: str
    path: str
    headers: dict[str, str] = {}
    prefer: str | None = None
    body: msgspec.Raw = msgspec.Raw(b"")


ITEMS = msgspec.json.Decoder(list[Item])
encode = msgspec.json.Encoder().encode


class Said(msgspec.Struct, frozen=True):
    """What an answer says of a problem."""

    code: str
    message: str
    details: Any = None


class Step(msgspec.Struct, frozen=True):
    """One operation, as it was parsed, and its call."""

    call: Call
    operation: Operation


class Batch(msgspec.Struct, frozen=True):
    """What a batch asks for. `headers` are its answer's, whatever is in it."""

    steps: tuple[Step, ...]
    headers: Headers
    once: Once | None
    ending: Ending


class BatchWire:
    """Batches for `wire`, at `name` below its prefix; None takes none. `path` is the whole of it."""

    def __init__(self, wire: RestWire, name: str | None) -> None:
        self.wire = wire
        self.name = name
        self.path = None if name is None else f"{wire.setup.prefix}/{name}"

    def parse(self, request: Request) -> Batch:
        """Raises `Problem`, with the number of the operation that it is about."""
        setup = self.wire.setup
        if parse_precondition(request.headers) is not None:
            raise Problem("MS476", "If-Match and If-None-Match do not apply to a batch", where="If-Match")
        preferences = parse_prefer(request.headers.get("prefer"), ending_chosen=setup.ending_chosen)
        applied = preferences.applied("PUT")
        cors = cors_headers(setup.cors.allow(request.headers.get("origin")))
        requests = read_batch(request, setup.prefix, setup.limits.batch_operations_max)
        return Batch(
            tuple(self._parse_step(index, one) for index, one in enumerate(requests)),
            cors if applied is None else (*cors, ("preference-applied", applied)),
            parse_once(request, setup.limits.idempotency_key_max),
            Ending(preferences.chosen.get("tx", setup.ending)),
        )

    def _parse_step(self, index: int, request: Request) -> Step:
        try:
            call = self.wire.parse(request)
            if self.wire.told:
                call = self.wire.tell(call, request)
            operation = call.operation
            ends = operation is not None and operation.ending is not self.wire.setup.ending
            if operation is None or operation.explain or ends or call.reply.why or call.reply.live:
                raise malformed("An operation reads or writes rows, or calls a function; it has no plan, and no tx")
            return Step(call, operation)
        except Problem as problem:
            problem.operation = index
            raise

    def fill(self, step: Step, answers: Sequence[bytes]) -> Operation:
        """The operation with what it refers to of the answers before it. Raises MS485."""
        return filled(step.operation, answers)

    def write(self, step: Step, result: Result) -> bytes:
        """The answer to an operation. Raises the Problem that it tells of."""
        return written(self.wire.render(step.call, result))

    def answer(self, batch: Batch, answers: Sequence[bytes]) -> Response:
        """The answer to a batch of which all was done."""
        body = b"[%s]" % b",".join(answers)
        return Response(200, [("content-type", "application/json; charset=utf-8"), *batch.headers], body)

    def replay(self, batch: Batch, response: Response) -> Response:
        """An answer that was kept, for a batch that came again."""
        return replayed(response, batch.headers)


def read_batch(request: Request, prefix: str, operations_max: int) -> list[Request]:
    """The requests that a batch is made of. Raises PGRST102, MS483, and MS484 past `operations_max`."""
    content_type = (request.headers.get("content-type") or "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise Problem("PGRST102", f"Content-Type not acceptable: {content_type}", where="Content-Type")
    try:
        items = ITEMS.decode(request.body)
    except msgspec.ValidationError as error:
        raise malformed(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem("PGRST102", EMPTY_OR_INVALID, where="body") from error
    if len(items) > operations_max:
        raise Problem(
            "MS484",
            "The batch has too many operations",
            details=f"At most {operations_max} are allowed, and there are {len(items)}",
            where="body",
        )
    around = {name: value for name, value in request.headers.items() if name not in OWN | OF_THE_BATCH}
    return [_request(item, prefix, around, f"operation {index}") for index, item in enumerate(items)]


def _request(item: Item, prefix: str, around: dict[str, str], where: str) -> Request:
    if item.method not in METHODS:
        raise malformed(f"{where}: the method is one of {', '.join(METHODS)}")
    own = {name.lower(): value for name, value in item.headers.items()}
    if item.prefer is not None:
        own["prefer"] = ", ".join(filter(None, [own.get("prefer"), item.prefer]))
    if not own.keys() <= OWN:
        raise malformed(f"{where}: its headers are among {', '.join(sorted(OWN))}")
    path, _, query = item.path.partition("?")
    path = path if path.startswith(f"{prefix}/") else f"{prefix}/{path.lstrip('/')}"
    body = b"" if bytes(item.body) in (b"", b"null") else bytes(item.body)
    return Request(item.method, path, query, around | own | {"content-type": "application/json"}, body)


def written(response: Response) -> bytes:
    """An operation's answer as JSON: `{"status": …, "headers": {…}, "body": …}`.

    Raises a Problem where it tells of one.
    """
    # Where it refers to another answer, it can't be had again by that URL.
    headers = dict(line for line in response.headers if line[0] != "content-location" or "${" not in line[1])
    body = response.body or b"null"
    if "json" not in headers.get("content-type", "json"):
        body = encode(body.decode(errors="replace")) if response.body else b"null"
    if response.status >= 400 and (said := _said(body)) is not None:
        raise Problem(said.code, said.message, details=said.details)
    return b'{"status":%d,"headers":%s,"body":%s}' % (response.status, encode(headers), body)


def _said(body: bytes) -> Said | None:
    """The problem that an answer tells of; None of one whose status code in the database chose for what it says."""
    try:
        return msgspec.json.decode(body, type=Said)
    except msgspec.DecodeError:
        return None


def malformed(details: str) -> Problem:
    return Problem(
        "MS483",
        "The body is no list of operations",
        details=details,
        hint='Send [{"method": "POST", "path": "films", "body": {…}}, …].',
        where="body",
    )
