"""Tables as a statement leaves them: what was there, without the rows that it has written anew, and with those.

All parts of one statement see the tables as they were before it. Where a policy's check or an embed has to see rows
that an earlier part wrote, it reads them from that part's CTE.
"""

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa

from mainstay.core.catalog import Catalog, TableKey
from mainstay.core.condition import Condition
from mainstay.core.plan import Select
from mainstay.sql.binds import Binds, Expression
from mainstay.sql.condition import Conditions, Scope, plain_table
from mainstay.sql.read import rows


class Layer(NamedTuple):
    """Rows written into a table. `replaced`: the columns by which they stand for rows of it; none where all are new.

    `gone`: they were deleted, and stand for nothing. `own`: they are all that the statement writes.
    """

    rows: sa.FromClause
    replaced: tuple[str, ...] = ()
    gone: bool = False
    own: bool = False


class Overlay(Conditions):
    """Conditions whose tables show what was written so far: each `add` changes what is compiled after it."""

    def __init__(self, catalog: Catalog, binds: Binds) -> None:
        super().__init__(catalog, binds)
        self._layers: dict[TableKey, list[Layer]] = {}

    def add(self, table: TableKey, layer: Layer) -> None:
        self._layers.setdefault(table, []).append(layer)

    def seen(self, scope: Scope, condition: Condition) -> Expression:
        """Whether the role sees written rows is judged by what was there before them, as in row-level security."""
        layers = self._layers
        self._layers = {key: [layer for layer in each if not layer.own] for key, each in layers.items()}
        try:
            return super().seen(scope, condition)
        finally:
            self._layers = layers

    def scope(self, key: TableKey) -> Scope:
        layers = self._layers.get(key)
        if not layers:
            return super().scope(key)
        table = self.catalog.tables[key]
        before = plain_table(table).alias(self.alias())
        kept = sa.select(*before.c).where(*(self._not_in(before, layer) for layer in layers if layer.replaced))
        remaining = [layer.rows for layer in layers if not layer.gone]
        written = [sa.select(*(each.c[column.name] for column in before.c)) for each in remaining]
        return Scope(table, sa.union_all(kept, *written).subquery(self.alias()))

    def _not_in(self, before: sa.FromClause, layer: Layer) -> sa.ColumnElement[bool]:
        rows = layer.rows.alias(self.alias())
        same = (rows.c[name] == before.c[name] for name in layer.replaced)
        return ~sa.exists(sa.select(sa.literal_column("1")).select_from(rows).where(*same).correlate(before))


class _Looking(Conditions):
    """Conditions that note which tables are read."""

    def __init__(self, catalog: Catalog) -> None:
        super().__init__(catalog, Binds())
        self.read: set[TableKey] = set()

    def scope(self, key: TableKey) -> Scope:
        self.read.add(key)
        return super().scope(key)


def reads_again(catalog: Catalog, selects: Iterable[Select], table: TableKey) -> bool:
    """Whether the table is read for these rows of its own, be it by an embed or for a condition."""
    looking = _Looking(catalog)
    for select in selects:
        rows(looking, select, plain_table(select.table))
    return table in looking.read
