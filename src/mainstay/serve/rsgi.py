"""The application over RSGI, Granian's protocol: https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md

The path of every request of `mainstay serve`, so it does little: one `Request`, one await, one call that hands
the finished bytes over. Bodies are read whole and within their limit. It never looks at what a request means. What
lasts, a stream or a socket, goes over a connection that `taken` finds.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from typing import Protocol

from mainstay.core.exchange import Headers, Request, Response, Upgrade
from mainstay.core.limits import Limits
from mainstay.core.observation import Observer
from mainstay.core.problem import Problem
from mainstay.observe.log import tell_logging
from mainstay.serve import handshake, refusal
from mainstay.serve.application import Application
from mainstay.serve.front import HEALTH, Front, joined, size
from mainstay.serve.pulse import Pulse
from mainstay.serve.streaming import HttpStream
from mainstay.serve.taken import Connections
from mainstay.serve.web_socket import WebSocket

SWITCHED = Response(101, [])
TELLING = ("authorization", "apikey")
GUARDING = ("if-match", "if-none-match", "idempotency-key")
"""Without these, a write would do what it was not to do."""


class RsgiHeaders(Headers, Protocol):
    """`get` and `items` leave out values that are not visible ASCII; `in` does not."""

    def __contains__(self, name: str, /) -> bool: ...

    def items(self) -> list[tuple[str, str]]: ...


class Scope(Protocol):
    """`path` is percent-decoded."""

    method: str
    path: str
    query_string: str
    http_version: str
    client: str
    headers: RsgiHeaders


class Stream(Protocol):
    """One exchange's bytes, in and out. Called, it gives the whole body and raises where it was cut short."""

    def __call__(self) -> Awaitable[bytes]: ...

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def client_disconnect(self) -> None: ...

    def response_empty(self, status: int, headers: list[tuple[str, str]]) -> None: ...

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None: ...


class Rsgi:
    """An RSGI callable. Granian starts and stops it; who calls it otherwise does, through `front`."""

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
        self.connections = Connections()
        self.pulse = Pulse(self.front.limits.socket_ping_ms)

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_until_complete(self.front.start())

    def __rsgi_del__(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.run_until_complete(self.front.stop())

    async def __rsgi__(self, scope: Scope, stream: Stream) -> None:
        started_ns = time.perf_counter_ns() if self.observe_requests else 0
        headers = scope.headers  # copied by each access
        items = headers.items()
        request = Request(scope.method, scope.path, scope.query_string, joined(items, ", "))
        if request.path in HEALTH:
            response = await self.front.health(request)
        else:
            try:
                self._check(request, headers, items, scope)
                if "upgrade" in request.headers and handshake.wants_socket(request.headers):  # type: ignore[operator]
                    await self._connect(request, scope, stream)
                    return
                if "content-length" in headers or "transfer-encoding" in headers or scope.http_version == "2":
                    body = await read(stream, headers, scope, self.front)
                    request = Request(request.method, request.path, request.query, request.headers, body)
                response = await self.front.answer(request, stream)
            except Problem as problem:
                response = refusal.render(self.front.application, problem, request, close=True)
        if response.stream is not None:
            response = await self._stream(request, response, response.stream, (scope, stream))
        if response.body is None:
            stream.response_empty(response.status, response.headers)
        else:
            stream.response_bytes(response.status, response.headers, response.body)
        if self.observe_requests:
            self.front.handled(request, response, started_ns)

    async def _stream(
        self, request: Request, response: Response, parts: AsyncGenerator[bytes, None], exchange: tuple[Scope, Stream]
    ) -> Response:
        """Send it over the connection itself; what is then left to answer, which nobody reads."""
        scope, client = exchange
        async with contextlib.aclosing(parts):
            if request.method == "HEAD":
                return Response(response.status, response.headers)
            try:
                self.front.lasting.check()
                taken = self._take(scope)
            except Problem as problem:
                return refusal.render(self.front.application, problem, request)
            try:
                http = HttpStream(taken, chunked=scope.http_version == "1.1")
                with contextlib.suppress(OSError):  # the client has gone
                    await http.begin(response)
                    if await self.front.stream(request, parts, client, http.send):
                        await http.finish()
            finally:
                with contextlib.suppress(OSError):
                    taken.shutdown(socket.SHUT_WR)  # so that nothing of Granian's follows
                self.connections.release(taken)
        return Response(response.status, [], role=response.role)

    async def _connect(self, request: Request, scope: Scope, stream: Stream) -> None:
        """Raises Problem where there is no socket to be had."""
        handshake.check(request, scope.http_version)
        answer = await self.front.connect(request, stream)
        if not isinstance(answer, Upgrade):
            stream.response_bytes(answer.status, answer.headers, answer.body or b"")
            if self.observe_requests:
                self.front.handled(request, answer, time.perf_counter_ns())
            return
        taken = self._take(scope)
        # Granian lets go of the connection with this answer, and its client sends nothing before it has it.
        stream.response_empty(101, handshake.accept(request, answer.protocol))
        asyncio.create_task(self._converse(request, answer, taken))  # noqa: RUF006 - `lasting` holds it

    async def _converse(self, request: Request, upgrade: Upgrade, taken: socket.socket) -> None:
        descriptor = taken.fileno()

        def lost(web_socket: WebSocket) -> None:
            self.pulse.remove(web_socket)
            self.connections.held.discard(descriptor)

        web_socket = WebSocket(self.front.limits, lost)
        self.pulse.add(web_socket, web_socket.beat)
        started_ns = time.perf_counter_ns()
        await asyncio.get_running_loop().connect_accepted_socket(lambda: web_socket, taken)
        await self.front.converse(request, upgrade, web_socket)
        if self.observe_requests:
            self.front.handled(request, SWITCHED, started_ns)

    def _take(self, scope: Scope) -> socket.socket:
        try:
            taken = None if scope.http_version == "2" else self.connections.take(scope.client)
        except OSError:
            raise refusal.too_many_files() from None
        if taken is None:
            raise refusal.no_lasting_answer()
        return taken

    def _check(self, request: Request, headers: RsgiHeaders, items: list[tuple[str, str]], scope: Scope) -> None:
        """Raises `Problem` for a head that is past a limit, or that can't be trusted to mean what it seems to."""
        self.front.check(request, size(items))
        if "host" not in headers and scope.http_version == "1.1":  # RFC 9112, 3.2: must be refused
            raise refusal.malformed("A request over HTTP/1.1 needs a Host header")
        for name in TELLING if scope.method in ("GET", "HEAD") else (*TELLING, *GUARDING):
            if name in headers and headers.get(name) is None:  # else it would pass for a request without one
                raise refusal.malformed(f"The {name} header holds bytes that are not ASCII")


async def read(stream: Stream, headers: RsgiHeaders, scope: Scope, front: Front) -> bytes:
    """The request's body. Raises `Problem` where it is too large, too slow or cut short."""
    limits = front.limits
    length = headers.get("content-length")
    if length == "0":
        return b""
    if length is not None and int(length) > limits.body_bytes_max:
        raise refusal.body_too_large(limits)
    try:
        with front.deadline():
            if length is not None:
                return await stream()  # its size is known to be within the limit
            return await _read_chunks(stream, headers, scope, limits)
    except TimeoutError:
        raise refusal.too_slow(limits) from None
    except RuntimeError:  # granian's ProtocolError and ProtocolClosed
        raise refusal.malformed("The request's body ended early") from None


async def _read_chunks(stream: Stream, headers: RsgiHeaders, scope: Scope, limits: Limits) -> bytes:
    """A body of unknown length.

    Granian ends the stream with one empty chunk, and has another one for an error, for trailers, and for
    the empty frame that ends most HTTP/2 bodies. So over HTTP/1 a second one means that the body can't be trusted to be
    whole, and over HTTP/2 nothing does.
    """
    chunked = headers.get("transfer-encoding")
    if chunked is not None and chunked.lower() != "chunked":
        raise refusal.unknown_coding()
    chunks: list[bytes] = []
    total = 0
    empty = 0
    async for chunk in stream:
        empty += not chunk
        total += len(chunk)
        if total > limits.body_bytes_max:
            raise refusal.body_too_large(limits)
        chunks.append(chunk)
    if scope.http_version == "2":
        if total:
            raise refusal.length_required()
    elif empty > 1:
        raise refusal.malformed("The request's body ended early, or has trailers")
    return b"".join(chunks)
