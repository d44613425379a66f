"""What listens: each connection that is accepted is served."""

import asyncio
import socket

from mainstay.serve.connection import Connection
from mainstay.serve.connections import Connections
from mainstay.serve.front import Front


class HttpServer:
    """Serves a front that has started."""

    def __init__(self, front: Front, *, connections_max: int, observe_requests: bool = False) -> None:
        self.connections = Connections(front, connections_max=connections_max, observe_requests=observe_requests)
        self._server: asyncio.Server | None = None

    async def start(self, listener: socket.socket) -> None:
        loop = self.connections.loop

        def connect() -> Connection:
            return Connection(self.connections)

        if listener.family == getattr(socket, "AF_UNIX", None):
            self._server = await loop.create_unix_server(connect, sock=listener)
        else:
            self._server = await loop.create_server(connect, sock=listener)

    def stop(self) -> None:
        """Take no more connections, and close those that there are as soon as they have nothing to answer."""
        if self._server is not None:
            self._server.close()
        self.connections.stop()
