"""The policy that has none: the database decides, by its own grants and row-level security.

Only for requests that reach the database as the caller's role (`core.environment`): else everything would be open.
"""

from collections.abc import Mapping

from mainstay.core.catalog import Catalog, FunctionKey, Table, TableKey
from mainstay.core.condition import TRUE
from mainstay.core.rule import Action, Presets, Reading, Rule

ALL = frozenset(Action)


class Deferred:
    """Implements `plan.view.Policy`: every role may try everything. `unfiltered`: writes may come without a filter."""

    version = 0
    defers = True
    roles: tuple[str, ...] = ()

    def __init__(self, catalog: Catalog, *, unfiltered: bool = False, rows_max: int | None = None) -> None:
        self._tables: Mapping[TableKey, Table] = catalog.tables
        self._unfiltered = unfiltered
        self._rows_max = rows_max
        self._visible = tuple(key for key in catalog.tables if key.schema in catalog.schemas)

    def reading(self, role: str, table: TableKey) -> Reading | None:
        found = self._tables.get(table)
        return None if found is None else Reading(TRUE, dict.fromkeys(found.columns), self._rows_max)

    def rules(self, role: str, action: Action, table: TableKey) -> tuple[Rule, ...]:
        found = self._tables.get(table)
        if found is None:
            return ()
        columns = frozenset(name for name, column in found.columns.items() if not column.computed)
        return (Rule(action, table, columns, unfiltered=self._unfiltered),)

    def visible(self, role: str) -> tuple[TableKey, ...]:
        return self._visible

    def actions(self, role: str, table: TableKey) -> frozenset[Action]:
        return ALL if table in self._tables else frozenset()

    def may_call(self, role: str, function: FunctionKey) -> bool:
        return True

    def presets(self, role: str, function: FunctionKey) -> Presets:
        return ()
