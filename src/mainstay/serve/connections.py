"""The connections of one process: how many there may be, how long they may wait, and their end when it stops."""

import asyncio
from typing import Protocol

from mainstay.serve.front import Front
from mainstay.serve.pulse import Pulse
from mainstay.serve.web_socket import WebSocket

SETTLED_S = 0.05
"""After the last connection was accepted: who has sent a request by then is answered."""


class Held(Protocol):
    """A connection."""

    @property
    def idle(self) -> bool:
        """Whether no request has begun."""
        ...

    def close(self) -> None: ...

    def abort(self) -> None: ...


class Connections:
    """Belongs to the running loop. `connections_max` counts WebSockets too."""

    def __init__(self, front: Front, *, connections_max: int, observe_requests: bool) -> None:
        self.front = front
        self.loop = asyncio.get_running_loop()
        self.waiting = front.in_flight.waiting
        self.observe_requests = observe_requests
        self.stopping = False
        self._max = connections_max
        self._held: set[Held] = set()
        self._sockets: set[WebSocket] = set()
        self._pulse = Pulse(front.limits.socket_ping_ms)
        self._empty = asyncio.Event()
        self._empty.set()

    def add(self, connection: Held) -> bool:
        """Whether there is room for it."""
        has_room = len(self._held) + len(self._sockets) < self._max
        self._held.add(connection)
        self._empty.clear()
        return has_room

    def remove(self, connection: Held) -> None:
        self._held.discard(connection)
        self._note_empty()

    def hand_over(self, connection: Held, web_socket: WebSocket) -> None:
        """The connection is the socket's from now on."""
        self._held.discard(connection)
        self._sockets.add(web_socket)
        self._pulse.add(web_socket, web_socket.beat)

    def lost(self, web_socket: WebSocket) -> None:
        self._sockets.discard(web_socket)
        self._pulse.remove(web_socket)
        self._note_empty()

    def stop(self) -> None:
        """Close each as soon as it has nothing to answer."""
        self.stopping = True
        self.loop.call_later(SETTLED_S, self._close_idle)

    async def ended(self) -> None:
        """Returns when none is open."""
        await asyncio.sleep(SETTLED_S)
        await self._empty.wait()

    def cut(self) -> None:
        for connection in list(self._held):
            connection.abort()

    def _close_idle(self) -> None:
        for connection in list(self._held):
            if connection.idle:
                connection.close()

    def _note_empty(self) -> None:
        if not self._held and not self._sockets:
            self._empty.set()
