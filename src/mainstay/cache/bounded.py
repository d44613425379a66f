"""A mapping that never holds more than it was told to: the least recently used entry goes first.

Plans, statements and verified tokens live in one each. It belongs to one event loop and takes no lock; it never
expires anything by time.
"""

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Bounded(Generic[K, V]):
    """At most `entries_max` entries, 1 or more (else ValueError). A value may be anything but None."""

    __slots__ = ("_entries", "entries_max")

    def __init__(self, entries_max: int) -> None:
        if entries_max < 1:
            raise ValueError(f"entries_max must be 1 or more, not {entries_max}")
        self.entries_max = entries_max
        self._entries: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value, which becomes the most recently used one, or None."""
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: K, value: V) -> None:
        """Keep the value as the most recently used one; past the bound, the least recently used one goes."""
        entries = self._entries
        entries[key] = value
        entries.move_to_end(key)
        if len(entries) > self.entries_max:
            entries.popitem(last=False)

    def clear(self) -> None:
        self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: K) -> bool:
        """Whether it is there; asking is not using."""
        return key in self._entries

    def __repr__(self) -> str:
        # Counts only: what is kept may be a principal's claims.
        return f"Bounded({len(self._entries)} of {self.entries_max})"
