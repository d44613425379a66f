"""The two protocols of GraphQL over WebSockets, message by message, with somebody who answers from a table."""

import asyncio
import json
import math
import time
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from mainstay.core.exchange import Request, Response
from mainstay.core.limits import Limits
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.wires.graphql import GraphWire

INIT = {"type": "connection_init"}
ACK = {"type": "connection_ack"}
NEW, OLD = "graphql-transport-ws", "graphql-ws"
LIMITS = Limits(socket_operations_max=2, socket_init_ms_max=150, socket_ping_ms=100)
ENDLESS = object()


class Pipe:
    """A client that says each of `says` once the server has nothing more to say; then it waits, or leaves."""

    def __init__(self, says: list[Any], *, stays: bool = False) -> None:
        self.says = says
        self.stays = stays
        self.heard: list[Any] = []
        self.closed: tuple[int, str] | None = None

    async def receive(self) -> str | None:
        for _ in range(20):  # whatever there is to do is done
            await asyncio.sleep(0)
        if self.closed is None and self.says:
            said = self.says.pop(0)
            return said if isinstance(said, str) else json.dumps(said)
        if self.closed is None and self.stays:
            await asyncio.sleep(60)
        return None

    async def send(self, message: bytes) -> None:
        self.heard.append(json.loads(message))

    def close(self, code: int, reason: str = "") -> None:
        if self.closed is None:
            self.closed = (code, reason)


class Table:
    """Answers a document from a table: bodies, a problem, or a bug. `expires_s` from now its callers are forgotten."""

    def __init__(self, expires_s: float = math.inf) -> None:
        self.expires_s = expires_s
        self.asked: list[Request] = []
        self.closed: list[str] = []

    async def authenticate(self, request: Request) -> Principal:
        match request.headers.get("authorization"):
            case "Bearer bad":
                raise Problem("PGRST303", "JWT expired")
            case "Bearer later":
                raise Problem("MS503", "the keys can't be had")
        return Principal("anonymous")

    def expires(self, principal: Principal) -> float:
        return time.time() + self.expires_s

    async def answers(self, request: Request, principal: Principal) -> AsyncGenerator[bytes, None]:
        self.asked.append(request)
        text = GraphWire((), Limits()).parse(request).text
        try:
            match text:
                case "wrong":
                    raise Problem("validation-failed", "no such field", where="$.selectionSet.x")
                case "bug":
                    raise KeyError("a secret detail")
                case "expired":
                    yield b'{"data":0}'
                    raise Problem("PGRST303", "JWT expired")
                case "endless":
                    yield b'{"data":1}'
                    await asyncio.sleep(60)
                case _:
                    yield b'{"data":%b}' % json.dumps(text).encode()
        finally:
            self.closed.append(text)


def asked(
    *says: Any, protocol: str | None = NEW, table: Table | None = None, stays: bool = False, **headers: str
) -> Pipe:
    """The client, after the conversation."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    offered = {} if protocol is None else {"sec-websocket-protocol": protocol}
    request = Request("GET", "/v1/graphql", "", names | offered)
    pipe = Pipe(list(says), stays=stays)
    upgrade = GraphWire(("/v1/graphql",), LIMITS).open(request, table or Table(), ())
    asyncio.run(asyncio.wait_for(upgrade.converse(pipe), 20))
    return pipe


def subscribe(operation: str, text: str, kind: str = "subscribe") -> dict[str, Any]:
    return {"type": kind, "id": operation, "payload": {"query": text, "variables": {}}}


def start(operation: str, text: str) -> dict[str, Any]:
    return subscribe(operation, text, "start")


def test_operations_are_answered_and_completed() -> None:
    pipe = asked(INIT, subscribe("a", "one"), subscribe("ü", "two"))
    assert pipe.heard == [
        ACK,
        {"type": "next", "id": "a", "payload": {"data": "one"}},
        {"type": "complete", "id": "a"},
        {"type": "next", "id": "ü", "payload": {"data": "two"}},
        {"type": "complete", "id": "ü"},
    ]
    assert pipe.closed is None


def test_the_older_protocol_has_other_words_and_signs_of_life() -> None:
    pipe = asked(INIT, start("a", "one"), start("b", "wrong"), protocol=OLD)
    pipe.heard = [heard for heard in pipe.heard if heard != {"type": "ka"}]
    error = {"message": "no such field", "extensions": {"path": "$.selectionSet.x", "code": "validation-failed"}}
    assert pipe.heard == [
        ACK,
        {"type": "data", "id": "a", "payload": {"data": "one"}},
        {"type": "complete", "id": "a"},
        {"type": "error", "id": "b", "payload": {"errors": [error]}},
        {"type": "complete", "id": "b"},
    ]


def test_who_begins_in_the_older_protocol_is_answered_in_it_whatever_was_chosen() -> None:
    pipe = asked(INIT, start("a", "one"), {"type": "stop", "id": "a"}, start("b", "two"), protocol=NEW)
    assert pipe.heard[1:] == [
        {"type": "data", "id": "a", "payload": {"data": "one"}},
        {"type": "complete", "id": "a"},
        {"type": "data", "id": "b", "payload": {"data": "two"}},
        {"type": "complete", "id": "b"},
    ]


def test_the_older_protocol_is_spoken_where_none_is_offered() -> None:
    assert asked(INIT, start("a", "one"), protocol=None).heard[-1] == {"type": "complete", "id": "a"}


def test_signs_of_life_go_on() -> None:
    pipe = asked(INIT, protocol=OLD, table=Table(expires_s=0.35), stays=True)
    assert pipe.heard.count({"type": "ka"}) >= 2


def test_a_problem_ends_its_operation_and_no_other() -> None:
    pipe = asked(INIT, subscribe("a", "wrong"), subscribe("a", "again"))
    error = {"message": "no such field", "extensions": {"path": "$.selectionSet.x", "code": "validation-failed"}}
    assert pipe.heard[1:] == [
        {"type": "error", "id": "a", "payload": [error]},
        {"type": "next", "id": "a", "payload": {"data": "again"}},
        {"type": "complete", "id": "a"},
    ]


@pytest.mark.parametrize(
    ("says", "code", "reason"),
    [
        (["not json"], 4400, "Invalid message received"),
        (["[1]"], 4400, "Invalid message received"),
        ([{"type": 1}], 4400, "Invalid message received"),
        (["[" * 5_000], 4400, "Invalid message received"),
        ([{"type": "other"}], 4400, "Invalid message type"),
        ([INIT, subscribe("a", "one"), start("b", "two")], 4400, "Invalid message type"),
        ([{"type": "connection_terminate"}], 4400, "Invalid message type"),
        ([INIT | {"payload": 1}], 4400, "Invalid message received"),
        ([INIT, {"type": "subscribe", "payload": {"query": "one"}}], 4400, "Invalid message received"),
        ([INIT, {"type": "subscribe", "id": "a"}], 4400, "the request is none of GraphQL"),
        ([INIT, {"type": "subscribe", "id": "a", "payload": {"query": 1}}], 4400, "the request is none of GraphQL"),
        ([subscribe("a", "one")], 4401, "Unauthorized"),
        ([INIT, INIT], 4429, "Too many initialisation requests"),
        ([INIT, subscribe("a", "endless"), subscribe("a", "one")], 4409, "Subscriber for a already exists"),
        ([INIT | {"payload": {"headers": {"Authorization": "Bearer bad"}}}], 4403, "Could not verify JWT: JWTExpired"),
        ([INIT | {"payload": {"headers": {"authorization": "Bearer bad"}}}], 4403, "Could not verify JWT: JWTExpired"),
        ([INIT | {"payload": {"Authorization": "Bearer bad"}}], 4403, "Could not verify JWT: JWTExpired"),
        ([INIT | {"payload": {"authorization": "Bearer later"}}], 1013, "the keys can't be had"),
        ([INIT, subscribe("a", "expired")], 4403, "Could not verify JWT: JWTExpired"),
    ],
)
def test_what_goes_wrong_closes_the_socket_with_a_code(says: list[Any], code: int, reason: str) -> None:
    pipe = asked(*says)
    assert pipe.closed is not None
    assert (pipe.closed[0], pipe.closed[1][: len(reason)]) == (code, reason)


def test_who_does_not_say_who_he_is_is_sent_away() -> None:
    assert asked(stays=True).closed == (4408, "Connection initialisation timeout")


def test_a_socket_ends_when_its_token_expires() -> None:
    table = Table(expires_s=0.2)
    pipe = asked(INIT, subscribe("a", "endless"), table=table, stays=True)
    assert pipe.closed == (4403, "Could not verify JWT: JWTExpired")
    assert table.closed == ["endless"]


def test_the_older_protocol_tells_why_before_it_closes() -> None:
    pipe = asked(INIT | {"payload": {"headers": {"Authorization": "Bearer bad"}}}, protocol=OLD)
    assert pipe.heard == [{"type": "connection_error", "payload": "Could not verify JWT: JWTExpired"}]
    assert pipe.closed == (4403, "Could not verify JWT: JWTExpired")


def test_the_headers_of_the_upgrade_say_who_asks_as_well() -> None:
    assert asked(INIT, authorization="Bearer bad").closed == (4403, "Could not verify JWT: JWTExpired")
    said = INIT | {"payload": {"headers": {"Authorization": "Bearer good"}}}
    assert asked(said, authorization="Bearer bad").closed is None


def test_an_operation_comes_with_the_headers_that_were_said_and_none_of_the_sockets() -> None:
    table = Table()
    said = INIT | {"payload": {"headers": {"X-Seat": "7", "Idempotency-Key": "k", "Content-Type": "x"}, "n": 1}}
    asked(said, subscribe("a", "one"), table=table, sec_websocket_key="k", cookie="c=1", idempotency_key="k")
    [request] = table.asked
    assert dict(request.headers.items()) == {"x-seat": "7", "cookie": "c=1", "content-type": "application/json"}


@pytest.mark.parametrize(("protocol", "kind", "stop"), [(NEW, "subscribe", "complete"), (OLD, "start", "stop")])
def test_a_client_stops_an_operation(protocol: str, kind: str, stop: str) -> None:
    table = Table()
    says = [INIT, subscribe("a", "endless", kind), {"type": stop, "id": "a"}, subscribe("a", "one", kind)]
    pipe = asked(*says, {"type": stop, "id": "unknown"}, {"type": stop}, protocol=protocol, table=table)
    assert table.closed == ["endless", "one"]
    assert pipe.heard[-1] == {"type": "complete", "id": "a"}
    assert pipe.closed is None


def test_the_older_protocol_lets_an_operation_take_the_place_of_one_of_its_name() -> None:
    table = Table()
    pipe = asked(INIT, start("a", "endless"), start("a", "one"), protocol=OLD, table=table)
    assert table.closed == ["endless", "one"]
    assert pipe.heard[-1] == {"type": "complete", "id": "a"}


def test_the_older_protocol_says_goodbye() -> None:
    assert asked(INIT, {"type": "connection_terminate"}, protocol=OLD).closed == (1000, "")


def test_only_so_many_operations_are_answered_at_once() -> None:
    says = [subscribe(name, "endless") for name in ("a", "b", "c")]
    pipe = asked(INIT, *says, {"type": "complete", "id": "a"}, subscribe("d", "one"))
    refused = [heard for heard in pipe.heard if heard["type"] == "error"]
    assert [heard["id"] for heard in refused] == ["c"]
    assert refused[0]["payload"][0]["message"] == "more than 2 operations at once on one socket"
    assert pipe.heard[-1] == {"type": "complete", "id": "d"}


def test_a_ping_is_answered_with_what_it_says() -> None:
    pipe = asked({"type": "ping"}, {"type": "ping", "payload": {"at": 1}}, {"type": "pong"}, INIT)
    assert pipe.heard == [{"type": "pong"}, {"type": "pong", "payload": {"at": 1}}, ACK]


def test_all_operations_end_with_their_socket() -> None:
    table = Table()
    asked(INIT, subscribe("a", "endless"), subscribe("b", "endless"), table=table)
    assert table.closed == ["endless", "endless"]


def test_a_bug_is_not_swallowed() -> None:
    with pytest.raises(ExceptionGroup) as caught:
        asked(INIT, subscribe("a", "bug"), stays=True)
    assert isinstance(caught.value.exceptions[0], KeyError)


@pytest.mark.parametrize(
    ("origin", "host", "origins", "opens"),
    [
        (None, "api.example", (), True),
        ("https://api.example", "api.example", (), True),
        ("https://api.example:443", "api.example", (), True),
        ("http://localhost:3000", "localhost:3000", (), True),
        ("http://localhost:3000", "localhost:8000", (), False),
        ("https://evil.example", "api.example", (), False),
        ("https://api.example.evil.example", "api.example", (), False),
        ("https://app.example", "api.example", ("https://app.example",), True),
        ("https://evil.example", "api.example", ("*",), True),
        ("null", "api.example", (), False),
        ("https://[", "api.example", (), False),
        ("https://x:99999", "x:99999", (), False),
        ("https://evil.example", None, (), False),
        ("null", None, (), False),
    ],
)
def test_a_page_of_another_origin_opens_no_socket(
    origin: str | None, host: str | None, origins: tuple[str, ...], *, opens: bool
) -> None:
    headers = {name: value for name, value in (("origin", origin), ("host", host)) if value is not None}
    request, wire = Request("GET", "/v1/graphql", "", headers), GraphWire(("/v1/graphql",), LIMITS)
    if opens:
        assert wire.open(request, Table(), origins).protocol is None
        return
    with pytest.raises(Problem) as caught:
        wire.open(request, Table(), origins)
    assert caught.value.code == "permission-error"
    assert wire.refuse(caught.value, request, anonymous=True).status == 403


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (NEW, NEW),
        (OLD, OLD),
        (f"{OLD}, {NEW}", OLD),
        (f"other,{NEW}", NEW),
        ("", None),
    ],
)
def test_the_first_protocol_that_is_spoken_is_chosen(offered: str, chosen: str | None) -> None:
    request = Request("GET", "/v1/graphql", "", {"sec-websocket-protocol": offered})
    assert GraphWire(("/v1/graphql",), LIMITS).open(request, Table(), ()).protocol == chosen


def test_a_protocol_that_is_not_spoken_is_refused() -> None:
    request = Request("GET", "/v1/graphql", "", {"sec-websocket-protocol": "mqtt"})
    wire = GraphWire(("/v1/graphql",), LIMITS)
    with pytest.raises(Problem, match="graphql-transport-ws and graphql-ws") as caught:
        wire.open(request, Table(), ())
    assert isinstance(response := wire.refuse(caught.value, request, anonymous=True), Response)
    assert response.status == 400
