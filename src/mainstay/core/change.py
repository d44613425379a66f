"""What a commit changed, as the database tells it, and of which tables it tells."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Protocol, TypeAlias

import msgspec

from mainstay.core.catalog import TableKey


class Change(msgspec.Struct, frozen=True):
    """Rows of one table. `values`: by column, all values in them before and after, as text; a column that is not there
    may have any. NULL is not told of."""

    table: TableKey
    values: Mapping[str, frozenset[str]] = {}


class Origin(msgspec.Struct, frozen=True):
    """A table whose rows are another's, or make up a view's; `same`: under the same names of columns."""

    table: TableKey
    same: bool


class Coverage(msgspec.Struct, frozen=True):
    """Of which changes the database tells: by table, the columns whose values are in them.

    `origins`: where the rows of a table or view really are, itself among them; a table that is not in there has none.
    """

    announced: Mapping[TableKey, frozenset[str]] = {}
    origins: Mapping[TableKey, tuple[Origin, ...]] = {}


Heard: TypeAlias = Callable[[Change | None], None]
"""Is told each change; None: there may be others, or other tables may be told of, so whatever was known is old."""


class Feed(Protocol):
    """Tells of changes while it can."""

    @property
    def listening(self) -> bool:
        """False where changes may be missed now; once it listens again, None is heard."""
        ...

    def start(self, heard: Heard) -> Awaitable[None]:
        """Returns once it listens, or where it can't yet."""
        ...

    def coverage(self, tables: Collection[TableKey]) -> Awaitable[Coverage]:
        """Raises Problem where the database can't be had."""
        ...

    def stop(self) -> Awaitable[None]: ...
