"""One WebSocket over a connection that was upgraded: frames in and out at the pace of its client.

`websockets` reads and writes the frames (its part that knows no sockets); here are their transport, their limits, and
signs of life. An idle one holds a few kilobytes and no timer.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from websockets.frames import CloseCode, Frame, Opcode
from websockets.protocol import OPEN, Protocol, Side

from mainstay.core.limits import Limits
from mainstay.serve import handshake

WAITING_MAX = 16
"""Messages that wait to be received; past it no more are read from the connection."""
BUFFER_BYTES = 65_536
"""Bytes that wait to be sent; past it `send` waits."""


class WebSocket(asyncio.Protocol):
    """Implements `core.exchange.Socket`. `lost` is called when its connection is gone."""

    _transport: asyncio.Transport

    def __init__(self, limits: Limits, lost: Callable[["WebSocket"], object]) -> None:
        self._limits = limits
        self._lost = lost
        self._frames = Protocol(Side.SERVER, state=OPEN, max_size=limits.socket_message_bytes_max)
        self._messages: deque[str] = deque()
        self._parts: list[bytes | bytearray | memoryview] = []
        self._receiver: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._over = False
        self._beats = 0
        self._rest_since = math.inf

    async def receive(self) -> str | None:
        while not self._messages:
            if self._over:
                return None
            self._receiver = asyncio.get_running_loop().create_future()
            await self._receiver
        if len(self._messages) == WAITING_MAX:
            self._transport.resume_reading()
        return self._messages.popleft()

    async def send(self, message: bytes) -> None:
        """A client that leaves no room for `client_ms_max` is hung up on: it comes back when it can."""
        if self._frames.state is not OPEN or self._over:
            return
        self._frames.send_text(message)
        self._flush()
        while self._room is not None and not self._over:
            try:
                async with asyncio.timeout(self._limits.client_ms_max / 1000):
                    await asyncio.shield(self._room)
            except TimeoutError:
                self.abort()

    def close(self, code: int, reason: str = "") -> None:
        if self._frames.state is OPEN and not self._over:
            self._frames.send_close(code, handshake.shortened(reason))
            self._flush()
        self._end()

    def abort(self) -> None:
        self._end()
        self._transport.abort()

    def beat(self) -> None:
        """Once for each `socket_ping_ms`: a ping, or the end where neither of the last two was answered.

        Also the end where a message has been on its way for longer than a request may be.
        """
        waited_ms = (asyncio.get_running_loop().time() - self._rest_since) * 1000
        # One that is closing had a whole period to say goodbye, too.
        if self._beats == 2 or self._frames.state is not OPEN or waited_ms > self._limits.client_ms_max:
            self.abort()
            return
        self._beats += 1
        self._frames.send_ping(b"")
        self._flush()

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=BUFFER_BYTES)

    def data_received(self, data: bytes) -> None:
        self._beats = 0
        self._frames.receive_data(data)
        for event in self._frames.events_received():
            if isinstance(event, Frame):
                self._take(event)
        self._note_rest()
        self._flush()
        if self._frames.state is not OPEN:
            self._end()

    def eof_received(self) -> None:
        self._frames.receive_eof()

    def connection_lost(self, error: Exception | None) -> None:
        self._end()
        self._wake(self._room)
        self._frames.parser.close()  # it holds what holds it, which would be left for the collector of cycles
        self._lost(self)

    def pause_writing(self) -> None:
        self._room = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        room, self._room = self._room, None
        self._wake(room)

    def _take(self, frame: Frame) -> None:
        """A frame of a message. A message of bytes is refused: there is nothing that it could mean."""
        match frame.opcode:
            case Opcode.BINARY:
                self._frames.fail(CloseCode.UNSUPPORTED_DATA, "Messages are text")
            case Opcode.TEXT | Opcode.CONT:
                self._parts.append(frame.data)
                if frame.fin:
                    self._arrived(b"".join(self._parts))

    def _note_rest(self) -> None:
        """Since when a message that is not whole yet has been on its way."""
        if not self._frames.reader.buffer and not self._parts:
            self._rest_since = math.inf
        elif self._rest_since == math.inf:
            self._rest_since = asyncio.get_running_loop().time()

    def _arrived(self, message: bytes) -> None:
        self._parts.clear()
        self._rest_since = math.inf
        try:
            self._messages.append(message.decode())
        except UnicodeDecodeError:
            self._frames.fail(CloseCode.INVALID_DATA, "The message is not UTF-8")
            return
        if len(self._messages) == WAITING_MAX:
            self._transport.pause_reading()
        self._wake(self._receiver)

    def _flush(self) -> None:
        for data in self._frames.data_to_send():
            if data:
                self._transport.write(data)
            else:  # the frames' end: what is buffered is still sent
                self._transport.close()

    def _end(self) -> None:
        self._over = True
        self._messages.clear()
        self._wake(self._receiver)

    @staticmethod
    def _wake(waiter: "asyncio.Future[Any] | None") -> None:
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
