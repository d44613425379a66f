"""The requests that are being answered in this process, and the one ticker that watches over them.

A request pays two dictionary operations. The ticker alone looks for clients that have gone, and only on behalf of
requests that it has met before: those that have run for one to two ticks.
"""

import asyncio
import math
from enum import Enum
from typing import Any, Protocol

from mainstay.serve.deadlines import Deadlines

TICK_S = 0.05


class Client(Protocol):
    """The other end of one request."""

    async def client_disconnect(self) -> None:
        """Returns when the client has closed its connection, and not before."""
        ...


class Reason(Enum):
    """Why serve cancelled a request."""

    GONE = "gone"  # the client left
    CUT = "cut"  # the drain time is up


class InFlight:
    """`waiting` are kept so by their clients. `tasks` is written by the request path: its client and task in on
    arrival, out with the answer.

    A request is known by its client, since a task may answer several, one after another.
    """

    def __init__(self, client_ms_max: int) -> None:
        self.waiting = Deadlines(math.ceil(client_ms_max / 1000 / TICK_S))
        self.tasks: dict[Client, asyncio.Task[Any]] = {}
        self._seen: set[Client] = set()
        self._watches: dict[Client, asyncio.Task[None]] = {}
        self._reasons: dict[Client, Reason] = {}
        self._ticker: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Begin to tick, on the running loop."""
        self._ticker = asyncio.get_running_loop().call_later(TICK_S, self._tick)

    def stop(self) -> None:
        if self._ticker is not None:
            self._ticker.cancel()
            self._ticker = None
        for watch in self._watches.values():
            watch.cancel()
        self._watches.clear()

    def cut(self) -> int:
        """Cancel every request that is being answered; how many there were."""
        clients = list(self.tasks)
        for client in clients:
            self._cancel(client, Reason.CUT)
        return len(clients)

    def reason(self, client: Client) -> Reason | None:
        """Why the client's request was cancelled, asked once by its own task; None where it was not serve that did."""
        return self._reasons.pop(client, None)

    def _tick(self) -> None:
        self._ticker = asyncio.get_running_loop().call_later(TICK_S, self._tick)
        self.waiting.tick()
        for client in [client for client in self._watches if client not in self.tasks]:
            self._watches.pop(client).cancel()
        for client in [client for client in self._reasons if client not in self.tasks]:
            del self._reasons[client]
        for client in self.tasks:
            if client in self._seen and client not in self._watches:
                self._watches[client] = asyncio.create_task(self._watch(client))
        self._seen = set(self.tasks)

    async def _watch(self, client: Client) -> None:
        await client.client_disconnect()
        self._cancel(client, Reason.GONE)

    def _cancel(self, client: Client, reason: Reason) -> None:
        task = self.tasks.get(client)
        if task is not None and client not in self._reasons:
            self._reasons[client] = reason
            task.cancel()
