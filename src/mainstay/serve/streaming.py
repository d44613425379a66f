"""A streamed response over a connection that was taken from Granian (HTTP/1.1, RFC 9112): its head, and its chunks.

Each part is handed to the kernel before the next is asked for, so that a slow client costs what its socket buffers.
"""

import asyncio
import socket
from email.utils import formatdate
from http import HTTPStatus

from mainstay.core.exchange import Response


class HttpStream:
    """Over HTTP/1.0 the end of the connection is the end of the body (`chunked` is False)."""

    def __init__(self, taken: socket.socket, *, chunked: bool) -> None:
        self._taken = taken
        self._chunked = chunked
        self._loop = asyncio.get_running_loop()

    async def begin(self, response: Response) -> None:
        framing = [("transfer-encoding", "chunked")] if self._chunked else []
        headers = [*response.headers, *framing, ("date", formatdate(usegmt=True)), ("connection", "close")]
        lines = [f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}", *map(": ".join, headers), "", ""]
        await self._loop.sock_sendall(self._taken, "\r\n".join(lines).encode("latin-1"))

    async def send(self, part: bytes) -> None:
        if part:  # an empty chunk would be the last one
            await self._loop.sock_sendall(self._taken, b"%x\r\n%b\r\n" % (len(part), part) if self._chunked else part)

    async def finish(self) -> None:
        """The client then knows that the body is whole."""
        if self._chunked:
            await self._loop.sock_sendall(self._taken, b"0\r\n\r\n")
