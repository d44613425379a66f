"""The requests that are being answered in this process, and the one ticker that watches over them.

A request pays two dictionary operations. The ticker alone looks for clients that have gone, and only on behalf of
requests that it has met before: those that have run for one to two ticks.
"""

import asyncio
from enum import Enum
from typing import Any, Protocol

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
    """`clients` is written by the request path: its task in on arrival, out with the answer."""

    def __init__(self) -> None:
        self.clients: dict[asyncio.Task[Any], Client] = {}
        self._seen: set[asyncio.Task[Any]] = set()
        self._watches: dict[asyncio.Task[Any], asyncio.Task[None]] = {}
        self._reasons: dict[asyncio.Task[Any], Reason] = {}
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
        tasks = list(self.clients)
        for task in tasks:
            self._cancel(task, Reason.CUT)
        return len(tasks)

    def reason(self, task: asyncio.Task[Any]) -> Reason | None:
        """Why `task` was cancelled, asked once by the task itself; None where it was not serve that did."""
        return self._reasons.pop(task, None)

    def _tick(self) -> None:
        self._ticker = asyncio.get_running_loop().call_later(TICK_S, self._tick)
        for task in [task for task in self._watches if task not in self.clients]:
            self._watches.pop(task).cancel()
        for task in [task for task in self._reasons if task not in self.clients]:
            del self._reasons[task]
        for task, client in self.clients.items():
            if task in self._seen and task not in self._watches:
                self._watches[task] = asyncio.create_task(self._watch(task, client))
        self._seen = set(self.clients)

    async def _watch(self, task: asyncio.Task[Any], client: Client) -> None:
        await client.client_disconnect()
        self._cancel(task, Reason.GONE)

    def _cancel(self, task: asyncio.Task[Any], reason: Reason) -> None:
        if task in self.clients and task not in self._reasons:
            self._reasons[task] = reason
            task.cancel()
