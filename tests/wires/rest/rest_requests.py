"""What the tests of the REST wire build their requests with."""

from collections.abc import Mapping

from mainstay.core.exchange import Request
from mainstay.core.limits import Limits
from mainstay.core.operation import Read
from mainstay.core.problem import Problem
from mainstay.wires.rest import Call, RestWire

WIRE = RestWire(prefix="", plan_enabled=True, ending_chosen=True, memo_max=0)


def request(
    method: str = "GET",
    target: str = "/films",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
) -> Request:
    path, _, query = target.partition("?")
    return Request(method, path, query, dict(headers or {}), body)


def parse(
    query: str = "",
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    wire: RestWire = WIRE,
) -> Call:
    return wire.parse(request(method, f"/films?{query}", headers, body))


def read(query: str) -> tuple[Read, tuple[object, ...]]:
    """The shape and the values of a read."""
    operation = parse(query).operation
    assert operation is not None
    assert isinstance(operation.shape, Read)
    return operation.shape, operation.values


def refusal(query: str = "", limits: Limits | None = None, **arguments: object) -> Problem:
    """The problem that a request is refused with."""
    wire = WIRE if limits is None else RestWire(prefix="", limits=limits, memo_max=0)
    try:
        call = parse(query, wire=wire, **arguments)  # type: ignore[arg-type]
    except Problem as problem:
        return problem
    raise AssertionError(f"accepted: {call}")
