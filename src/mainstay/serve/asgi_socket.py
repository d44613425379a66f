"""A WebSocket as ASGI has them: https://asgi.readthedocs.io/en/latest/specs/www.html#websocket

Frames and pings are its server's, and so is how much may wait to be sent: a `send` waits for as long as the server's.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from mainstay.core.limits import Limits
from mainstay.serve import handshake

UNSUPPORTED_DATA = 1003  # RFC 6455, 7.4.1
TOO_BIG = 1009

Message = MutableMapping[str, Any]


class AsgiSocket:
    """Implements `core.exchange.Socket`, and `client_disconnect` for the time before it is accepted."""

    def __init__(
        self, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]], limits: Limits
    ) -> None:
        self._receive = receive
        self._send = send
        self._limits = limits
        self._over = asyncio.Event()
        self._receiving: asyncio.Task[Message] | None = None
        self._closing: asyncio.Task[None] | None = None

    async def client_disconnect(self) -> None:
        """Nobody knows before the socket is accepted."""
        await self._over.wait()

    async def accept(self, protocol: str | None) -> None:
        await self._receive()  # websocket.connect
        await self._send({"type": "websocket.accept", "subprotocol": protocol})

    async def receive(self) -> str | None:
        while not self._over.is_set():
            message = await self._next()
            if message is None or message["type"] == "websocket.disconnect":
                self._over.set()
                return None
            text = message.get("text")
            if text is None:
                self.close(UNSUPPORTED_DATA, "Messages are text")
            elif len(text.encode()) > self._limits.socket_message_bytes_max:
                self.close(TOO_BIG, "The message is too big")
            else:
                return str(text)
        return None

    async def _next(self) -> Message | None:
        """The next message; None where the socket is closed first. Cancelled, it loses none."""
        if self._receiving is None:
            self._receiving = asyncio.ensure_future(self._receive())
        over = asyncio.ensure_future(self._over.wait())
        try:
            await asyncio.wait({self._receiving, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
        if not self._receiving.done():
            return None
        received, self._receiving = self._receiving, None
        return received.result()

    async def send(self, message: bytes) -> None:
        if self._over.is_set():
            return
        try:
            async with asyncio.timeout(self._limits.client_ms_max / 1000):
                await self._send({"type": "websocket.send", "text": message.decode()})
        except (TimeoutError, OSError, RuntimeError):  # too slow, or gone: servers say that in ways of their own
            self._over.set()

    def close(self, code: int, reason: str = "") -> None:
        if not self._over.is_set():
            self._over.set()
            self._closing = asyncio.ensure_future(self._say_goodbye(code, handshake.shortened(reason)))

    async def closed(self) -> None:
        """Returns when goodbye was said."""
        if self._receiving is not None:
            self._receiving.cancel()
        if self._closing is not None:
            await self._closing

    async def _say_goodbye(self, code: int, reason: str) -> None:
        with contextlib.suppress(OSError, RuntimeError):
            await self._send({"type": "websocket.close", "code": code, "reason": reason})
