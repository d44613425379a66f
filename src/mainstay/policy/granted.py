"""The database's grants as a policy, so that a role's document shows what that role may do. It decides no request."""

from collections.abc import Set

from mainstay.core.catalog import Catalog, FunctionKey, TableKey
from mainstay.core.condition import TRUE
from mainstay.core.grants import Grants, TableGrant
from mainstay.core.rule import Action, Presets, Reading, Rule

NOTHING = TableGrant()


class Granted:
    """Implements `plan.view.Policy` for the one role whose grants they are."""

    version = 0
    defers = True
    roles: tuple[str, ...] = ()

    def __init__(self, catalog: Catalog, grants: Grants, *, unfiltered: bool) -> None:
        self._catalog = catalog
        self._grants = grants
        self._unfiltered = unfiltered

    def reading(self, role: str, table: TableKey) -> Reading | None:
        columns = self._columns(Action.READ, table)
        return Reading(TRUE, dict.fromkeys(self._in_order(table, columns))) if columns else None

    def rules(self, role: str, action: Action, table: TableKey) -> tuple[Rule, ...]:
        columns = self._columns(action, table)
        if not columns:
            return ()
        return (Rule(action, table, columns, unfiltered=self._unfiltered),)

    def actions(self, role: str, table: TableKey) -> frozenset[Action]:
        return frozenset(action for action in Action if self._columns(action, table))

    def may_call(self, role: str, function: FunctionKey) -> bool:
        return function in self._grants.functions

    def presets(self, role: str, function: FunctionKey) -> Presets:
        return ()

    def _columns(self, action: Action, table: TableKey) -> frozenset[str]:
        """The columns that the action may touch; for a deletion all that there are, or none."""
        found = self._catalog.tables.get(table)
        grant = self._grants.tables.get(table, NOTHING)
        if found is None:
            return frozenset()
        plain = frozenset(name for name, column in found.columns.items() if not column.computed)
        fixed = frozenset(name for name, column in found.columns.items() if column.generated)
        match action:
            case Action.READ:
                return grant.readable & plain | (found.columns.keys() - plain if grant.readable else frozenset())
            case Action.CREATE:
                return grant.creatable & plain - fixed if found.insertable in (True, None) else frozenset()
            case Action.UPDATE:
                return grant.updatable & plain - fixed if found.updatable in (True, None) else frozenset()
            case Action.DELETE:
                return plain if grant.deletable and found.deletable in (True, None) else frozenset()

    def _in_order(self, table: TableKey, names: Set[str]) -> list[str]:
        return [name for name in self._catalog.tables[table].columns if name in names]
