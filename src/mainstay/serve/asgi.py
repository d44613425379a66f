"""The application over ASGI 3, for those who mount it in another server or app: https://asgi.readthedocs.io/en/latest/specs/

Same limits, same health endpoints, same care for clients that have gone as in `mainstay serve`; slow heads are the
server's own to refuse. Where nobody sends it lifespan events (a mounted app gets none), it starts with the first
request.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from typing import Any

from mainstay.core.exchange import Request, Response, Upgrade
from mainstay.core.limits import Limits
from mainstay.core.observation import Observer
from mainstay.core.problem import Problem
from mainstay.observe.log import tell_logging
from mainstay.serve import refusal
from mainstay.serve.application import Application
from mainstay.serve.asgi_socket import AsgiSocket
from mainstay.serve.front import HEALTH, Front, joined, size

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})


class AsgiHeaders:
    """Headers by lower-case name; decoded when first asked for."""

    def __init__(self, pairs: list[tuple[bytes, bytes]]) -> None:
        self._values = joined(pairs, b", ")

    def get(self, name: str, /) -> str | None:
        value = self._values.get(name.encode("latin-1"))
        return None if value is None else value.decode("latin-1")

    def items(self) -> list[tuple[str, str]]:
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._values.items()]


class Gone(Exception):
    """The client left before its request was whole."""


class Cut(Exception):
    """A stream that did not come to its own end."""


class Exchange:
    """One request's `receive`: its body, and then word that the client has gone."""

    def __init__(self, receive: Receive) -> None:
        self.receive = receive

    async def client_disconnect(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass

    async def body(self, limits: Limits) -> bytes:
        chunks: list[bytes] = []
        total = 0
        more = True
        while more:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise Gone
            chunk = message.get("body", b"")
            more = message.get("more_body", False)
            total += len(chunk)
            if total > limits.body_bytes_max:
                raise refusal.body_too_large(limits)
            chunks.append(chunk)
        return b"".join(chunks)


class Asgi:
    """An ASGI callable."""

    def __init__(
        self,
        application: Application,
        *,
        limits: Limits | None = None,
        observe: Observer = tell_logging,
        observe_requests: bool = False,
    ) -> None:
        self.front = Front(application, limits=limits, observe=observe)
        self.observe_requests = observe_requests
        self._starting: asyncio.Lock | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["type"]:
            case "http":
                await self._http(scope, receive, send)
            case "lifespan":
                await self._lifespan(receive, send)
            case "websocket":
                await self._websocket(scope, receive, send)
            case other:
                raise NotImplementedError(f"ASGI scope type {other!r}")

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._start_once()
                except Exception as error:
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self.front.draining = True
                await self.front.stop()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _start_once(self) -> None:
        if self._starting is None:
            self._starting = asyncio.Lock()
        async with self._starting:
            if not self.front.started:
                await self.front.start()

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started_ns = time.perf_counter_ns() if self.observe_requests else 0
        if not self.front.started:
            await self._start_once()
        pairs: list[tuple[bytes, bytes]] = list(scope["headers"])
        request = Request(
            scope["method"], _path(scope), scope.get("query_string", b"").decode("latin-1"), AsgiHeaders(pairs)
        )
        try:
            request, response = await self._answer(request, pairs, receive)
        except Gone:
            return
        except Problem as problem:
            response = refusal.render(self.front.application, problem, request, close=scope["http_version"] < "2")
        if response.stream is not None:
            await self._stream(request, response, response.stream, Exchange(receive), send)
        else:
            await _send(send, response, head=request.method == "HEAD")
        if self.observe_requests:
            self.front.handled(request, response, started_ns)

    async def _stream(
        self, request: Request, response: Response, parts: AsyncGenerator[bytes, None], exchange: Exchange, send: Send
    ) -> None:
        async with contextlib.aclosing(parts):
            if request.method == "HEAD":
                await _send(send, response, head=True)
                return
            try:
                self.front.lasting.check()
            except Problem as problem:
                await _send(send, refusal.render(self.front.application, problem, request), head=False)
                return
            await send({"type": "http.response.start", "status": response.status, "headers": _headers(response)})

            async def send_part(part: bytes) -> None:
                await send({"type": "http.response.body", "body": part, "more_body": True})

            if not await self.front.stream(request, parts, exchange, send_part):
                raise Cut  # or the server would say that the body is whole
            await send({"type": "http.response.body", "body": b""})

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not self.front.started:
            await self._start_once()
        pairs: list[tuple[bytes, bytes]] = list(scope["headers"])
        request = Request("GET", _path(scope), scope.get("query_string", b"").decode("latin-1"), AsgiHeaders(pairs))
        socket = AsgiSocket(receive, send, self.front.limits)
        try:
            self.front.check(request, size(pairs))
            answer = await self.front.connect(request, socket)
        except Problem as problem:
            answer = refusal.render(self.front.application, problem, request)
        if not isinstance(answer, Upgrade):
            await _refuse(scope, send, answer)
            return
        await socket.accept(answer.protocol)
        await self.front.converse(request, answer, socket)
        await socket.closed()

    async def _answer(
        self, request: Request, pairs: list[tuple[bytes, bytes]], receive: Receive
    ) -> tuple[Request, Response]:
        """Raises `Problem` for what serve refuses, and `Gone`."""
        if request.path in HEALTH:
            return request, await self.front.health(request)
        self.front.check(request, size(pairs))
        exchange = Exchange(receive)
        length = _length(request)
        if request.method not in BODILESS or length is not None:
            body = await _read(exchange, length, self.front.limits)
            request = Request(request.method, request.path, request.query, request.headers, body)
        return request, await self.front.answer(request, exchange)


def _path(scope: Scope) -> str:
    """The path within this app. Where it is mounted is in `root_path`, which servers and frameworks leave in `path`."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "").rstrip("/")
    if root and (path == root or path.startswith(f"{root}/")):
        return path[len(root) :] or "/"
    return path


def _length(request: Request) -> str | None:
    """What the request says of its body's length; empty where it only says that there is one."""
    length = request.headers.get("content-length")
    coding = request.headers.get("transfer-encoding")
    if coding is not None:
        if length is not None:  # RFC 9112, 6.1: two readers could see two requests in it
            raise refusal.malformed("A request has either Content-Length or Transfer-Encoding")
        if coding.lower() != "chunked":
            raise refusal.unknown_coding()
        return ""
    return length


async def _read(exchange: Exchange, length: str | None, limits: Limits) -> bytes:
    if length and (not length.isdecimal() or not length.isascii()):
        raise refusal.malformed("The Content-Length is not a number")
    if length and int(length) > limits.body_bytes_max:
        raise refusal.body_too_large(limits)
    try:
        async with asyncio.timeout(limits.client_ms_max / 1000):
            body = await exchange.body(limits)
    except TimeoutError:
        raise refusal.too_slow(limits) from None
    if length and int(length) != len(body):
        raise refusal.malformed("The request's body ended early")
    return body


def _headers(response: Response) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in response.headers]


async def _refuse(scope: Scope, send: Send, response: Response) -> None:
    """By the response itself where the server can send it (ASGI's extension), else by its 403."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1000})
        return
    start = {"status": response.status, "headers": _headers(response)}
    await send({"type": "websocket.http.response.start", **start})
    await send({"type": "websocket.http.response.body", "body": response.body or b""})


async def _send(send: Send, response: Response, *, head: bool) -> None:
    body = response.body or b""
    headers = _headers(response)
    if response.body is not None and not any(name == b"content-length" for name, _ in headers):
        headers.append((b"content-length", b"%d" % len(body)))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})
