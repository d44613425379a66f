"""How long a client may take to send its body: `asyncio.timeout` for many at once.

A timer for each body would cost a tenth of a small POST (`python -m bench --cases key --servers mainstay,graphql`), so
all of them share the ticker that is there anyway, and are cut within a tick of their time.
"""

import asyncio
from types import TracebackType
from typing import Any


class Deadlines:
    """Those who wait, oldest first. All may wait as long as each other: `ticks_max`."""

    def __init__(self, ticks_max: int) -> None:
        self.ticks_max = ticks_max
        self.ticks = 0
        self.waiting: dict[asyncio.Task[Any], int] = {}

    def tick(self) -> None:
        """Cancel those whose time is up."""
        self.ticks += 1
        for task, since in list(self.waiting.items()):
            if self.ticks - since <= self.ticks_max:
                break
            del self.waiting[task]
            task.cancel()


class Deadline:
    """`with`, around what the task waits for. Raises TimeoutError where it took too long."""

    __slots__ = ("_deadlines", "_task")

    def __init__(self, deadlines: Deadlines, task: asyncio.Task[Any]) -> None:
        self._deadlines = deadlines
        self._task = task

    def __enter__(self) -> None:
        self._deadlines.waiting[self._task] = self._deadlines.ticks

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._deadlines.waiting.pop(self._task, None) is None:
            self._task.uncancel()
            if kind is asyncio.CancelledError:
                raise TimeoutError from error
