"""What every socket protocol does with a request: check it, have it answered, survive whatever goes wrong.

Here are the limits that can be told from the head of a request, the health endpoints, and the last line of defence.
Nothing here knows how bytes came in or go out.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from typing import Any, AnyStr, TypeVar
from urllib.parse import unquote_plus
from uuid import uuid4

from mainstay.core.exchange import Request, Response, Socket, Upgrade
from mainstay.core.limits import Limits
from mainstay.core.observation import ClientLeft, Observer, RequestCut, RequestFailed, RequestHandled, unobserved
from mainstay.core.problem import Problem
from mainstay.serve import refusal
from mainstay.serve.application import Application
from mainstay.serve.in_flight import Client, InFlight, Reason
from mainstay.serve.lasting import Lasting

HEALTH = frozenset({"/health/live", "/health/ready"})
READY_S_MAX = 2.0
CLIENT_CLOSED = Response(499, [])  # nginx's status for it; seen in logs alone, since nobody is left to read it
GOING_AWAY = 1001  # RFC 6455, 7.4.1
FAILED = 1011


Send = Callable[[bytes], Awaitable[None]]
"""Returns when the client has taken it, more or less."""
Answer = TypeVar("Answer")


class Front:
    """One per process, between its sockets and its application."""

    def __init__(
        self, application: Application, *, limits: Limits | None = None, observe: Observer = unobserved
    ) -> None:
        self.application = application
        self.limits = limits or application.limits
        self.observe = observe
        self.in_flight = InFlight(self.limits.client_ms_max)
        self.lasting = Lasting(self.limits)
        self.started = False
        self.draining = False
        self._loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Raises what the application raises when it can't start."""
        self._loop = asyncio.get_running_loop()
        await self.application.start()
        self.in_flight.start()
        self.lasting = Lasting(self.limits)
        self.started = True
        self.draining = False

    async def stop(self) -> None:
        self.started = False
        self.in_flight.stop()
        self.lasting.end()
        await self.application.stop()

    def task(self) -> asyncio.Task[Any]:
        """The running task: a coroutine always runs in one."""
        # Without the loop, Python 3.11 makes a system call to find it.
        return asyncio.current_task(self._loop)  # type: ignore[return-value]

    def check(self, request: Request, header_bytes: int) -> None:
        """Raises `Problem` where the head of the request is past a limit."""
        limits = self.limits
        url = request.path + request.query
        if (len(url) if url.isascii() else len(url.encode())) > limits.url_bytes_max:
            raise refusal.url_too_long(limits)
        if header_bytes > limits.header_bytes_max:
            raise refusal.headers_too_large(limits)

    def answer(self, request: Request, client: Client) -> Awaitable[Response]:
        """The application's response, or what stands in for it. Raises `CancelledError` alone."""
        return self._answer(self.application.handle, request, client)

    async def connect(self, request: Request, client: Client) -> Response | Upgrade:
        """What becomes of a request for a socket. Raises `Problem` where there is no room for one."""
        self.lasting.check()
        return await self._answer(self.application.connect, request, client)

    async def _answer(
        self, handle: Callable[[Request], Awaitable[Answer]], request: Request, client: Client
    ) -> Answer | Response:
        task = self.task()
        tasks = self.in_flight.tasks
        tasks[client] = task
        try:
            return await handle(request)
        except Problem as problem:
            return self.application.refuse(problem, request)
        except Exception as error:
            return self.failed(request, error)
        except asyncio.CancelledError:
            reason = self.in_flight.reason(client)
            if reason is None:  # somebody else's cancellation
                raise
            task.uncancel()
            return self._cancelled(request, reason)
        finally:
            del tasks[client]

    async def stream(self, request: Request, parts: AsyncGenerator[bytes, None], client: Client, send: Send) -> bool:
        """Send a response's stream, part after part; whether it came to its own end.

        The client ends it by leaving, and by not taking a part for `client_ms_max`; the server ends it when it stops.
        """
        sending = asyncio.create_task(self._send(request, parts, send))
        leaving = asyncio.create_task(_left(client))
        try:
            with self.lasting.opened(self.task(), sending.cancel):
                await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)
        return not sending.cancelled() and sending.result()

    async def _send(self, request: Request, parts: AsyncGenerator[bytes, None], send: Send) -> bool:
        try:
            async with aclosing(parts):
                async for part in parts:
                    async with asyncio.timeout(self.limits.client_ms_max / 1000):
                        await send(part)
        except (TimeoutError, OSError):  # the client is too slow, or has gone
            return False
        except Exception as error:
            self.observe(RequestFailed(uuid4().hex, request.method, request.path, error))
            return False
        return True

    async def converse(self, request: Request, upgrade: Upgrade, socket: Socket) -> None:
        """Hold a socket's conversation, and hang up when it is over."""
        with self.lasting.opened(self.task(), lambda: socket.close(GOING_AWAY, "The server is stopping")):
            try:
                await upgrade.converse(socket)
            except Exception as error:
                self.observe(RequestFailed(uuid4().hex, request.method, request.path, error))
                socket.close(FAILED)
            finally:
                socket.close(1000)

    def _cancelled(self, request: Request, reason: Reason) -> Response:
        """What stands in for the answer of a request that serve itself cancelled."""
        if reason is Reason.GONE:
            self.observe(ClientLeft(request.method, request.path))
            return CLIENT_CLOSED
        self.observe(RequestCut(request.method, request.path))
        return refusal.render(self.application, refusal.cut_off(), request, close=True)

    def failed(self, request: Request, error: Exception) -> Response:
        """The traceback goes to the log under an id, and the id alone to the caller."""
        request_id = uuid4().hex
        self.observe(RequestFailed(request_id, request.method, request.path, error))
        response = self.application.refuse(refusal.failed(request_id), request)
        return Response(response.status, [*response.headers, ("x-request-id", request_id)], response.body)

    async def health(self, request: Request) -> Response:
        """`/health/live`: the process answers. `/health/ready`: it wants requests."""
        if request.method not in {"GET", "HEAD"}:
            return Response(405, [("allow", "GET, HEAD")])
        if request.path == "/health/live":
            return _status(200, "live")
        if self.draining:
            return _status(503, "draining")
        return _status(200, "ready") if await self._ready() else _status(503, "unavailable")

    async def _ready(self) -> bool:
        if not self.started:
            return False
        try:
            return await asyncio.wait_for(self.application.ready(), READY_S_MAX)
        except Exception:  # a check that can't be made has failed; the database's own errors are its store's to log
            return False

    def handled(self, request: Request, response: Response, started_ns: int) -> None:
        """Tell that a request was answered. `started_ns` is of `time.perf_counter_ns`."""
        elapsed_us = (time.perf_counter_ns() - started_ns) // 1000
        self.observe(
            RequestHandled(
                request.method, request.path, names(request.query), response.status, elapsed_us, response.role
            )
        )


async def _left(client: Client) -> None:
    await client.client_disconnect()


def names(query: str) -> tuple[str, ...]:
    """The parameters' names in a query, without their values. What has no `=` may be a value, and is left out."""
    return tuple(unquote_plus(part.partition("=")[0]) for part in query.split("&") if "=" in part)


def joined(items: list[tuple[AnyStr, AnyStr]], separator: AnyStr) -> dict[AnyStr, AnyStr]:
    """Headers by name; the values of a name that came more than once are one list (RFC 9110, 5.3)."""
    headers = dict(items)
    if len(headers) == len(items):
        return headers
    headers.clear()
    for name, value in items:
        headers[name] = headers[name] + separator + value if name in headers else value
    return headers


def size(items: Iterable[tuple[AnyStr, AnyStr]]) -> int:
    """Bytes of all header names and values. On each request's path: the plain loop is the fastest form."""
    total = 0
    for name, value in items:
        total += len(name) + len(value)
    return total


def _status(status: int, word: str) -> Response:
    headers = [("content-type", "application/json"), ("cache-control", "no-store")]
    return Response(status, headers, b'{"status":"%s"}' % word.encode())
