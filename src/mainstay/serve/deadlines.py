"""How long a client may take for its part: `asyncio.timeout` for many at once.

A timer for each request would be made and cancelled for nothing; all of them share the ticker that is there anyway, and
are told within a tick of their time.
"""

from typing import Protocol


class Waiting(Protocol):
    """Something that a client keeps waiting."""

    def late(self) -> None:
        """Its time is up."""
        ...


class Deadlines:
    """Those who wait, oldest first. All may wait as long as each other: `ticks_max`."""

    def __init__(self, ticks_max: int) -> None:
        self.ticks_max = ticks_max
        self.ticks = 0
        self._since: dict[Waiting, int] = {}

    def begin(self, who: Waiting) -> None:
        """Its time begins, again if it waits already."""
        self._since.pop(who, None)
        self._since[who] = self.ticks

    def end(self, who: Waiting) -> None:
        self._since.pop(who, None)

    def tick(self) -> None:
        """Tell those whose time is up."""
        self.ticks += 1
        for who, since in list(self._since.items()):
            if self.ticks - since <= self.ticks_max:
                break
            if self._since.get(who) == since:  # and has not begun anew meanwhile
                del self._since[who]
                who.late()
