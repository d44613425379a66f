"""What stays open: the streams and sockets of this process. How many there may be, and their end when it stops."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from mainstay.core.limits import Limits
from mainstay.serve import refusal

End = Callable[[], object]


class Lasting:
    """Each is known by its task, and by what ends it well."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._ends: dict[asyncio.Task[object], End] = {}
        self._empty = asyncio.Event()
        self._empty.set()
        self._ending = False

    def check(self) -> None:
        """Raises Problem where there is no room for another one, or no time."""
        if self._ending:
            raise refusal.cut_off()
        if len(self._ends) >= self.limits.sockets_max:
            raise refusal.too_many_open(self.limits)

    @contextmanager
    def opened(self, task: asyncio.Task[object], end: End) -> Iterator[None]:
        """While the running task holds it open. `end` is called when the server stops."""
        self._ends[task] = end
        self._empty.clear()
        try:
            yield
        finally:
            del self._ends[task]
            if not self._ends:
                self._empty.set()

    def end(self) -> None:
        """Ask all of them to end, and take no more: their clients come back, to another server."""
        self._ending = True
        for end in list(self._ends.values()):
            end()

    async def ended(self) -> None:
        """Returns when none is open."""
        await self._empty.wait()

    def cut(self) -> None:
        """Cancel those that are still open."""
        for task in list(self._ends):
            task.cancel()
