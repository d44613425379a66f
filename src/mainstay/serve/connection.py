"""One connection of HTTP/1.1: its requests in, one after another, and their answers out.

Requests that wait (RFC 9112, 9.3.2: pipelining) are not read further than one piece. A connection is closed with care:
where its client is still sending, it is first left to read its answer.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import cast

from mainstay.core.exchange import Response, Upgrade
from mainstay.core.problem import Problem
from mainstay.serve import handshake, outgoing, refusal
from mainstay.serve.connections import Connections
from mainstay.serve.front import HEALTH
from mainstay.serve.incoming import PIECE, Incoming, Message, Phase
from mainstay.serve.web_socket import WebSocket

SWITCHED = Response(101, [])
UNFED_BYTES_MAX = 65_536
"""Bytes kept while a request is being answered; past it no more are read."""
JOINED_BYTES_MAX = 65_536
"""Up to here a head and its body are copied into one; past it that would cost more than a second buffer."""


class Connection(asyncio.Protocol):
    """The `Client` of its requests, of which it has one answered at a time."""

    _transport: asyncio.Transport

    def __init__(self, connections: Connections) -> None:
        self._all = connections
        self._front = front = connections.front
        self._incoming = Incoming(front.limits, front.check)
        self._task: asyncio.Task[None] | None = None
        self._phase = Phase.BETWEEN
        self._unfed = b""
        self._paused = False
        self._closing = False
        self._room: asyncio.Future[None] | None = None
        self._left = asyncio.Event()

    @property
    def idle(self) -> bool:
        """Whether no request has begun."""
        return self._task is None and self._incoming.phase is Phase.BETWEEN

    async def client_disconnect(self) -> None:
        await self._left.wait()

    def late(self) -> None:
        """The client takes too long for what it is at."""
        if self._incoming.phase is Phase.BODY and not self._closing:
            self._incoming.refuse(refusal.too_slow(self._front.limits))
            self._take_turns()
        else:
            self._transport.abort()

    def close(self) -> None:
        self._closing = True
        self._all.waiting.begin(self)  # for as long as a client may take to read the rest
        self._transport.close()

    def abort(self) -> None:
        self._transport.abort()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if self._all.add(self):
            self._all.waiting.begin(self)
        else:
            self._transport.write(outgoing.FULL)
            self.close()

    def data_received(self, data: bytes) -> None:
        if self._closing:
            return
        if self._task is None:
            self._feed(data)
            return
        self._unfed += data
        if len(self._unfed) > UNFED_BYTES_MAX and not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self._closing = True
        self._all.remove(self)
        self._all.waiting.end(self)
        self._incoming.close()
        self._left.set()
        self.resume_writing()

    def pause_writing(self) -> None:
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    # Requests.

    def _feed(self, data: bytes) -> None:
        at = 0
        while at < len(data) and self._task is None:
            self._incoming.feed(data[at : at + PIECE] if len(data) > PIECE else data)
            at += PIECE
            if self._incoming.messages:
                self._take_turns()
        self._unfed = data[at:]
        if self._task is None:
            self._look_on()

    def _look_on(self) -> None:
        """There is more of a request to come: the client has its time for each part of it."""
        if self._incoming.continues:
            self._incoming.continues = False
            self._transport.write(outgoing.CONTINUE)
        if self._incoming.phase is not self._phase:
            self._phase = self._incoming.phase
            self._all.waiting.begin(self)

    def _take_turns(self) -> None:
        self._all.waiting.end(self)
        self._task = self._all.loop.create_task(self._answer_all())

    async def _answer_all(self) -> None:
        messages = self._incoming.messages
        try:
            while messages:
                message = messages.popleft()
                if message.wants_socket and await self._connect(message):
                    return
                if not message.wants_socket and await self._answer(message):
                    continue
                self._hang_up()
                return
        except BaseException:
            self._transport.abort()
            raise
        finally:
            self._task = None
        self._go_on()

    def _go_on(self) -> None:
        """Wait for the next request, which may be there already."""
        if self._closing:
            return
        if self._all.stopping and not self._unfed and self._incoming.phase is Phase.BETWEEN:
            self.close()
            return
        self._phase = Phase.BETWEEN
        self._all.waiting.begin(self)
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
        unfed, self._unfed = self._unfed, b""
        if unfed:
            self._feed(unfed)
        else:
            self._look_on()

    def _hang_up(self) -> None:
        """A client that goes on sending would lose its answer if the connection were closed at once."""
        if self._closing:
            return
        if not self._incoming.over or self._all.stopping or not self._transport.can_write_eof():
            self.close()
            return
        self._closing = True
        self._all.waiting.begin(self)
        self._transport.write_eof()
        if self._paused:
            self._transport.resume_reading()

    # Answers. Each returns whether the connection can go on.

    async def _answer(self, message: Message) -> bool:
        front, request = self._front, message.request
        started_ns = time.perf_counter_ns() if self._all.observe_requests else 0
        if message.problem is not None:
            response = refusal.render(front.application, message.problem, request)
        elif request.path in HEALTH:
            response = await front.health(request)
        else:
            response = await front.answer(request, self)
        if response.stream is None:
            goes_on = await self._send(message, response)
        else:
            goes_on = await self._stream(message, response, response.stream)
        if self._all.observe_requests:
            front.handled(request, response, started_ns)
        return goes_on

    async def _send(self, message: Message, response: Response) -> bool:
        if self._closing:
            return False
        method = message.request.method
        keeps = message.keeps and not self._all.stopping
        ends = outgoing.length(response, method)
        if outgoing.CLOSE in response.headers:
            keeps = False
        elif not keeps:
            ends = (*ends, outgoing.CLOSE)
        elif message.version == "1.0":
            ends = (*ends, outgoing.KEEP)
        try:
            head = outgoing.head(response, *ends)
        except ValueError as error:
            return await self._send(message, self._front.failed(message.request, error))
        body = b"" if method == "HEAD" else response.body or b""
        if len(body) <= JOINED_BYTES_MAX:
            self._transport.write(head + body)
        else:
            self._transport.write(head)
            self._transport.write(body)
        if self._room is not None:
            await self._drain()
        return keeps

    async def _drain(self) -> None:
        """Wait until the client has taken what was sent. One that takes nothing for `client_ms_max` is hung up on."""
        while self._room is not None and not self._closing:
            left = self._transport.get_write_buffer_size()
            try:
                async with asyncio.timeout(self._front.limits.client_ms_max / 1000):
                    await asyncio.shield(self._room)
            except TimeoutError:
                if self._transport.get_write_buffer_size() >= left:
                    self._transport.abort()
                    return

    async def _stream(self, message: Message, response: Response, parts: AsyncGenerator[bytes, None]) -> bool:
        async with aclosing(parts):
            if message.request.method == "HEAD":
                return await self._send(message, Response(response.status, response.headers))
            try:
                self._front.lasting.check()
            except Problem as problem:
                return await self._send(message, refusal.render(self._front.application, problem, message.request))
            if self._closing:
                return False
            chunked = message.version == "1.1"  # else the end of the connection is the end of the body
            keeps = message.keeps and chunked
            framing = (outgoing.CHUNKED,) if chunked else ()
            self._transport.write(outgoing.head(response, *framing, *(() if keeps else (outgoing.CLOSE,))))

            async def send(part: bytes) -> None:
                if self._closing:
                    raise ConnectionResetError
                if part:  # an empty chunk would be the last one
                    self._transport.write(outgoing.chunk(part) if chunked else part)
                while self._room is not None:
                    await asyncio.shield(self._room)

            whole = await self._front.stream(message.request, parts, self, send)
            if whole and chunked and not self._closing:
                self._transport.write(outgoing.LAST_CHUNK)
            return whole and keeps

    async def _connect(self, message: Message) -> bool:
        """Whether the connection is a WebSocket's from now on."""
        front, request = self._front, message.request
        started_ns = time.perf_counter_ns()
        answer: Response | Upgrade
        try:
            handshake.check(request, message.version)
            answer = await front.connect(request, self)
        except Problem as problem:
            answer = refusal.render(front.application, problem, request)
        if isinstance(answer, Upgrade):
            if not self._closing:
                self._hand_over(message, answer, started_ns)
            return not self._closing
        await self._send(message, answer)
        if self._all.observe_requests:
            front.handled(request, answer, started_ns)
        return False

    def _hand_over(self, message: Message, upgrade: Upgrade, started_ns: int) -> None:
        self._transport.write(outgoing.head(Response(101, handshake.accept(message.request, upgrade.protocol))))
        web_socket = WebSocket(self._front.limits, self._all.lost)
        self._all.hand_over(self, web_socket)
        self._transport.set_protocol(web_socket)
        web_socket.connection_made(self._transport)
        if self._paused:
            self._transport.resume_reading()
        early = self._incoming.rest + self._unfed
        self._incoming.close()
        if early:
            web_socket.data_received(early)
        asyncio.create_task(self._converse(message, upgrade, web_socket, started_ns))  # noqa: RUF006 - `lasting` holds it

    async def _converse(self, message: Message, upgrade: Upgrade, web_socket: WebSocket, started_ns: int) -> None:
        await self._front.converse(message.request, upgrade, web_socket)
        if self._all.observe_requests:
            self._front.handled(message.request, SWITCHED, started_ns)
