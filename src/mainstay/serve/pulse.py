"""One ticker that calls everybody once in a period: a timer for each of thousands of sockets would cost more."""

import asyncio
from collections.abc import Callable, Hashable

PARTS = 64
"""Parts that a period has, so that not all are called at once."""


class Pulse:
    """Belongs to the loop that it is started on; it ticks only while there is somebody to call."""

    def __init__(self, period_ms: int) -> None:
        self._tick_s = period_ms / 1000 / PARTS
        self._parts: list[dict[Hashable, Callable[[], object]]] = [{} for _ in range(PARTS)]
        self._next = 0
        self._added = 0
        self._timer: asyncio.TimerHandle | None = None
        self._of: dict[Hashable, int] = {}

    def add(self, who: Hashable, beat: Callable[[], object]) -> None:
        self._added += 1
        part = self._of[who] = self._added % PARTS
        self._parts[part][who] = beat
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._tick_s, self._tick)

    def remove(self, who: Hashable) -> None:
        part = self._of.pop(who, None)
        if part is not None:
            del self._parts[part][who]

    def _tick(self) -> None:
        beats = list(self._parts[self._next].values())
        self._next = (self._next + 1) % PARTS
        self._timer = asyncio.get_running_loop().call_later(self._tick_s, self._tick) if self._of else None
        for beat in beats:
            beat()
