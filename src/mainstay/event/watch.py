"""Who is affected by a change: an index from the values that a change tells to those whose answer may be another one.

Texts are compared, as PostgreSQL spells them. A value whose spelling is not known for sure is affected by all changes.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from mainstay.core.catalog import Kind, TableKey
from mainstay.core.change import Change, Coverage
from mainstay.plan.touched import Touch


class Keyed(Protocol):
    """`keys`: for each touch, by column, the value that a row must have to matter; None where it is not known."""

    @property
    def keys(self) -> tuple[Mapping[str, str | None], ...]: ...


K = TypeVar("K", bound=Keyed)


class Watch(Generic[K]):
    """One touch of those who share a plan: all of them by the value of one column, where a change tells of it."""

    def __init__(self, index: int, touch: Touch, told: frozenset[str]) -> None:
        self.index = index
        self.column = next((name for name, *_ in touch.equal if name in told), None)
        self._by_value: dict[str, dict[K, None]] = {}
        self._always: dict[K, None] = {}

    def add(self, member: K) -> None:
        self._place(member)[member] = None

    def remove(self, member: K) -> None:
        place, value = self._place(member), self._value(member)
        place.pop(member, None)
        if not place and value is not None:
            self._by_value.pop(value, None)

    def affected(self, change: Change, *, same: bool) -> Iterator[K]:
        """`same`: the change is of rows that have the touched table's columns."""
        values = change.values.get(self.column) if same and self.column is not None else None
        yield from self._always
        for value in self._by_value if values is None else values:
            yield from self._by_value.get(value, ())

    def _place(self, member: K) -> dict[K, None]:
        value = self._value(member)
        return self._always if value is None else self._by_value.setdefault(value, {})

    def _value(self, member: K) -> str | None:
        return None if self.column is None else member.keys[self.index].get(self.column)


def is_covered(touches: Iterable[Touch], coverage: Coverage) -> bool:
    """Whether all changes of what is touched are told of, so far as it can be named."""
    tables = [touch.table for touch in touches if touch.table is not None]
    return all(
        table in coverage.origins and all(origin.table in coverage.announced for origin in coverage.origins[table])
        for table in tables
    )


def told_columns(table: TableKey, coverage: Coverage) -> frozenset[str]:
    """The columns of which every change of the table tells the values."""
    told = [
        coverage.announced.get(origin.table, frozenset()) for origin in coverage.origins.get(table, ()) if origin.same
    ]
    return frozenset.intersection(*told) if told else frozenset()


def spelt(kind: Kind, value: str | None) -> str | None:
    """The value as PostgreSQL writes it; None where that is not known."""
    try:
        match kind:
            case Kind.INTEGER:
                return None if value is None else str(int(value))
            case Kind.UUID:
                return None if value is None else str(uuid.UUID(value))
            case Kind.TEXT:
                return value
            case _:
                return None
    except ValueError:
        return None
