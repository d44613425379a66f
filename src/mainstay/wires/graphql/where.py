"""Reads `where`: comparisons of columns, `_and`, `_or`, `_not`, `_exists`, and conditions on related rows.

Nothing that is asked for is left out: what the corridor can't say is refused.
"""

from collections.abc import Iterator
from typing import NamedTuple

from mainstay.core.catalog import Column, ColumnType, Kind, TableKey
from mainstay.core.comparisons import COLUMNS
from mainstay.core.condition import (
    Aggregate,
    Aggregation,
    And,
    Compare,
    Condition,
    Exists,
    Field,
    Not,
    Or,
    Through,
    both,
)
from mainstay.wires.graphql.compare import read_comparison, read_comparisons, required
from mainstay.wires.graphql.given import Given
from mainstay.wires.graphql.problems import invalid, unknown, unserved
from mainstay.wires.graphql.translation import Translation, items_of
from mainstay.wires.graphql.vocabulary import TableType, comparison_name

INTEGER = ColumnType(Kind.INTEGER, "integer")
ROOT = "$"
EXISTS = "exists_exp"


class Level(NamedTuple):
    """Whose rows a condition is about, how deep it stands, and whose rows are around them, the innermost last."""

    translation: Translation
    table: TableType
    depth: int
    outer: tuple[TableType, ...] = ()

    @property
    def type_name(self) -> str:
        return self.table.type("bool_exp")

    def deeper(self) -> "Level":
        return self._replace(depth=self.depth + 1)

    def within(self, table: TableType) -> "Level":
        """Of a condition on other rows."""
        return Level(self.translation, table, self.depth + 1, (*self.outer, self.table))


def read_where(
    translation: Translation, table: TableType, given: Given | None, place: str, depth: int = 0
) -> Condition:
    """The condition of a `where`; absent or null, every row."""
    return _conditions(Level(translation, table, depth), given, place)


def _conditions(level: Level, given: Given | None, place: str) -> Condition:
    if given is None or given.value is None:
        return And()
    level.translation.require_depth(level.depth, place)
    members = level.translation.members(given, level.type_name, place)
    return both(*(_member(level, name, each, f"{place}.{name}") for name, each in members.items()))


def _required(level: Level, given: Given, place: str) -> Condition:
    return _conditions(level, required(given, level.type_name, place), place)


def _member(level: Level, name: str, given: Given, place: str) -> Condition:
    if name in ("_and", "_or", "_not"):
        return _logic(level, name, given, place)
    if name == "_exists":
        return _exists(level, given, place)
    if (column := level.table.columns.get(name)) is not None:
        return _comparisons(level, column, given, place)
    vocabulary = level.translation.vocabulary
    if (found := vocabulary.relation(level.table, name)) is not None:
        relation, target = found
        where = _required(level.within(target), given, place)
        level.translation.count_term(place)
        return Through(relation.target, where, relation.fixed)
    if (found := vocabulary.aggregated(level.table, name)) is not None:
        relation, target = found
        return _counted(level.within(target), Through(relation.target, And(), relation.fixed), given, place)
    raise unknown(name, level.type_name, place)


def _logic(level: Level, name: str, given: Given, place: str) -> Condition:
    given, level = required(given, level.type_name, place), level.deeper()
    if name == "_not":
        return Not(_conditions(level, given, place))
    parts = [_required(level, each, f"{place}[{index}]") for index, each in enumerate(items_of(given))]
    return both(*parts) if name == "_and" else Or(tuple(parts))


def _exists(level: Level, given: Given, place: str) -> Condition:
    """`{_table: {schema: "public", name: "films"}, _where: {…}}`: of any table that the role reads."""
    members = level.translation.members(required(given, EXISTS, place), EXISTS, place)
    for name in members:
        if name not in ("_table", "_where"):
            raise unknown(name, EXISTS, f"{place}.{name}")
    if "_table" not in members:
        raise invalid("missing required field '_table'", place)
    level.translation.count_term(place)
    key, target = _table(level, members["_table"], f"{place}._table")
    return Exists(key, _conditions(level.within(target), members.get("_where"), f"{place}._where"))


def _table(level: Level, given: Given, place: str) -> tuple[TableKey, TableType]:
    said = level.translation.variables.pin(given)
    schema, name = (said.get("schema"), said.get("name")) if isinstance(said, dict) else (None, said)
    for key, table in level.translation.vocabulary.types.items():
        there = table.ref.schema is None if schema is None else key.schema == schema
        if there and key.name == name and table.readable:
            return key, table
    raise invalid(f"table '{name}' not found" if schema is None else f"table '{schema}.{name}' not found", place)


def _comparisons(level: Level, column: Column, given: Given, place: str) -> Condition:
    type_name, left = comparison_name(column.type), Field(column.name)
    members = level.translation.members(required(given, type_name, place), type_name, place)

    def conditions() -> Iterator[Condition]:
        for name, each in members.items():
            inside = f"{place}.{name}"
            level.translation.count_term(inside)
            if name in COLUMNS:
                yield Compare(left, COLUMNS[name], _other_column(level, each, inside))
            else:
                yield read_comparison(level.translation, column.type, left, name, each, inside)

    return both(*conditions())


def _other_column(level: Level, given: Given, place: str) -> Field:
    """A column of the same row, or with `["$", …]` of the one that the whole `where` is about."""
    name = level.translation.variables.pin(given)
    rooted = isinstance(name, list) and len(name) == 2 and name[0] == ROOT
    if isinstance(name, list) and (rooted or len(name) == 1):
        name = name[-1]
    table = level.outer[0] if rooted and level.outer else level.table
    if not isinstance(name, str) or name not in table.columns:
        raise invalid(f"'{name}' is not a column of '{table.name}'", place)
    return Field(table.columns[name].name, outer=len(level.outer) if rooted else 0)


def _counted(level: Level, through: Through, given: Given, place: str) -> Condition:
    """`{count: {predicate: {_gt: 1}, filter: {…}}}`"""
    type_name = level.table.type("aggregate_bool_exp")
    members = level.translation.members(given, type_name, place)
    if len(members) != 1:
        raise invalid("exactly one predicate should be specified", place)
    [(name, inner)] = members.items()
    if name != "count":
        raise unserved(f"the aggregate '{name}' in filters is", f"{place}.{name}")
    place = f"{place}.count"
    counted = level.translation.members(inner, f"{type_name}_count", place)
    for other in counted:
        if other not in ("predicate", "filter"):
            raise unserved(f"'{other}' of a count in filters is", f"{place}.{other}")
    where = _conditions(level, counted.get("filter"), f"{place}.filter")
    left = Aggregation(Aggregate.COUNT, None, where, through)
    predicate = counted.get("predicate", Given(None))
    return read_comparisons(level.translation, INTEGER, left, predicate, f"{place}.predicate")
