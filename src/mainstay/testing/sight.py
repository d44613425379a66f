"""What a role sees: each table without the rows, columns and values that its rules don't show, and the relations left.

Straight from the declared rules, row by row: no rule is joined with another beforehand.
"""

from collections.abc import Iterator, Mapping, Sequence

from mainstay.core.catalog import Catalog, Relation, Table, TableKey
from mainstay.core.limits import Limits
from mainstay.core.operation import Embed, TableRef, Value
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.core.rule import Action, Rule
from mainstay.policy.select import Policy
from mainstay.testing.truth import Asking, Database, Row, holds_for


class Sight:
    """Who looks, at what, and with which values and bounds."""

    def __init__(  # noqa: PLR0913, PLR0917 - all that an answer may depend on
        self,
        catalog: Catalog,
        policy: Policy,
        principal: Principal,
        database: Database,
        values: Sequence[Value] = (),
        limits: Limits | None = None,
    ) -> None:
        self.catalog = catalog
        self.policy = policy
        self.principal = principal
        self.database = database
        self.values = values
        self.limits = limits or Limits()
        self.view: Database = View(self)

    def find(self, ref: TableRef) -> Table:
        """Raises PGRST205 for a table that is not there for the role."""
        table = self.catalog.find(ref.schema or self.catalog.schemas[0], ref.name)
        if table is None or not self.policy.actions(self.principal.role, table.key):
            raise Problem("PGRST205", f"Could not find the table '{ref.name}' in the schema cache")
        return table

    def rules(self, key: TableKey) -> tuple[Rule, ...]:
        return self.policy.rules(self.principal.role, Action.READ, key)

    def rows_max(self, key: TableKey) -> int:
        """The largest bound of any rule, within the limits; a rule without one is bounded by the limits alone."""
        bounds = [self.limits.rows_max if rule.rows_max is None else rule.rows_max for rule in self.rules(key)]
        return min(self.limits.rows_max, max(bounds))

    def readable(self, key: TableKey) -> set[str]:
        """The columns that exist for the role: those that any of its rules grants."""
        return {column for rule in self.rules(key) for column in rule.columns}

    def asking(self, database: Database) -> Asking:
        return Asking(database, self.principal, self.values, self.catalog)

    def rows(self, key: TableKey) -> list[Row]:
        """The table as the role sees it: hidden rows and columns are gone, a hidden value is None."""
        readable = self.readable(key)
        shown = [(row, self.shown(row, key)) for row in self.database.get(key, ())]
        return [
            {name: value if name in columns else None for name, value in row.items() if name in readable}
            for row, columns in shown
            if columns is not None
        ]

    def shown(self, row: Row, key: TableKey) -> set[str] | None:
        """The columns that the rules which show the row grant; None where none shows it. Rules look at all the data."""
        table, asking = self.catalog.tables[key], self.asking(self.database)
        showing = [rule for rule in self.rules(key) if holds_for(rule.rows, row, table, asking) is True]
        return {column for rule in showing for column in rule.columns} if showing else None


class View(Mapping[TableKey, Sequence[Row]]):
    """All tables as the role sees them, each looked at once and no sooner than it is asked for."""

    def __init__(self, sight: Sight) -> None:
        self.sight = sight
        self.seen: dict[TableKey, list[Row]] = {}

    def __getitem__(self, key: TableKey) -> list[Row]:
        if key not in self.seen:
            self.seen[key] = self.sight.rows(key)
        return self.seen[key]

    def __iter__(self) -> Iterator[TableKey]:
        return iter(self.sight.catalog.tables)

    def __len__(self) -> int:
        return len(self.sight.catalog.tables)


def find_relation(table: Table, embed: Embed, sight: Sight) -> Relation:
    """By the relation's name, else the target table's. Raises PGRST200 where there is none for the role, PGRST201."""
    there = [relation for relation in table.relations if _is_there(relation, sight)]
    hinted = [relation for relation in there if embed.hint is None or embed.hint in _hints(relation)]
    found = [relation for relation in hinted if relation.name == embed.target]
    found = found or [relation for relation in hinted if relation.target.name == embed.target]
    if not found:
        raise Problem("PGRST200", f"Could not find a relationship between '{table.name}' and '{embed.target}'")
    if len(found) > 1:
        raise Problem("PGRST201", f"More than one relationship was found for '{table.name}' and '{embed.target}'")
    return found[0]


def _hints(relation: Relation) -> list[str | None]:
    columns = [name for pair in relation.pairs for name in pair]
    return [relation.name, relation.constraint, *columns, relation.junction.table.name if relation.junction else None]


def _is_there(relation: Relation, sight: Sight) -> bool:
    """True where the role may read the join's columns on every side."""
    source, target = sight.readable(relation.source), sight.readable(relation.target)
    junction = relation.junction
    if junction is None:
        return all(left in source and right in target for left, right in relation.pairs)
    middle = sight.readable(junction.table)
    return all(left in source and between in middle for left, between in junction.source_pairs) and all(
        right in target and between in middle for right, between in junction.target_pairs
    )
