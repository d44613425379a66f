"""Reads `where`: comparisons of columns, `_and`, `_or`, `_not`, `_exists`, and conditions on related rows.

Nothing that is asked for is left out: what the corridor can't say is refused.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from mainstay.core.catalog import Column, ColumnType, TableKey
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
from mainstay.wires.graphql.aggregates import BOOLEANS, KINDS, comparable, read_columns, read_flag
from mainstay.wires.graphql.compare import BOOLEAN, INTEGER, NUMERIC, read_comparison, read_comparisons, required
from mainstay.wires.graphql.given import Given
from mainstay.wires.graphql.problems import invalid, unknown
from mainstay.wires.graphql.translation import Translation, items_of
from mainstay.wires.graphql.vocabulary import TableType, comparison_name

PREDICATES = {each.value: each for each in KINDS}
"""Aggregates of a column that filters compare."""
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
        return _aggregated(level.within(target), Through(relation.target, And(), relation.fixed), given, place)
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
    vocabulary = level.translation.vocabulary
    if isinstance(name, str) and isinstance(schema, str | None):
        key = TableKey(schema or vocabulary.index.first, name)
        table = vocabulary.types.get(key)
        if table is not None and table.readable:
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


def _aggregated(level: Level, through: Through, given: Given, place: str) -> Condition:
    """`{count: {predicate: {_gt: 1}, filter: {…}}}`"""
    type_name = level.table.type("aggregate_bool_exp")
    members = level.translation.members(required(given, type_name, place), type_name, place)
    if len(members) != 1:
        raise invalid("exactly one predicate should be specified", place)
    [(name, inner)] = members.items()
    return _predicate(level, through, name, inner, f"{place}.{name}")


def read_having(
    translation: Translation, table: TableType, given: Given | None, place: str, depth: int = 0
) -> Condition:
    """The condition on groups: `{count: {predicate: {_gt: 1}}}`, with `_and`, `_or` and `_not`; absent, every group."""
    if given is None or given.value is None:
        return And()
    translation.require_depth(depth, place)
    type_name, level = table.type("having_exp"), Level(translation, table, depth)

    def condition(name: str, inner: Given, inside: str) -> Condition:
        if name == "_not":
            return Not(read_having(translation, table, required(inner, type_name, inside), inside, depth + 1))
        if name in ("_and", "_or"):
            items = [
                (each, f"{inside}[{index}]") for index, each in enumerate(items_of(required(inner, type_name, inside)))
            ]
            parts = [
                read_having(translation, table, required(each, type_name, at), at, depth + 1) for each, at in items
            ]
            return both(*parts) if name == "_and" else Or(tuple(parts))
        return _predicate(level, None, name, inner, inside)

    members = translation.members(given, type_name, place)
    return both(*(condition(name, inner, f"{place}.{name}") for name, inner in members.items()))


def _predicate(level: Level, through: Through | None, name: str, inner: Given, place: str) -> Condition:
    """One aggregate and what it is compared with."""
    type_name = level.table.type("having_exp" if through is None else "aggregate_bool_exp")
    if name != "count" and name not in PREDICATES:
        raise unknown(name, type_name, place)
    type_name = level.table.type(f"aggregate_bool_exp_{name}")
    said = level.translation.members(required(inner, type_name, place), type_name, place)
    for other in said:
        if other not in ("arguments", "distinct", "filter", "predicate"):
            raise unknown(other, type_name, f"{place}.{other}")
    if "predicate" not in said:
        raise invalid("missing required field 'predicate'", place)
    left = _measured(level, name, said, place)
    left = msgspec.structs.replace(left, where=_conditions(level, said.get("filter"), f"{place}.filter"), of=through)
    type_ = INTEGER if name == "count" else predicate_type(PREDICATES[name])
    return read_comparisons(level.translation, type_, left, said["predicate"], f"{place}.predicate")


def _measured(level: Level, name: str, said: Mapping[str, Given], place: str) -> Aggregation:
    """The aggregate itself."""
    fields = read_columns(level.translation, level.table, said.get("arguments"), f"{place}.arguments")
    distinct = read_flag(level.translation, said.get("distinct"), f"{place}.distinct") and bool(fields)
    if name == "count":
        return Aggregation(Aggregate.COUNT, fields[0] if fields else None, more=fields[1:], distinct=distinct)
    function = PREDICATES[name]
    known = [column.name for column in comparable(level.table, function).values()]
    if len(fields) != 1 or fields[0].column not in known:
        raise invalid(f"'{name}' takes one column of those that it can be of", f"{place}.arguments")
    return Aggregation(function, fields[0], distinct=distinct)


def predicate_type(function: Aggregate) -> ColumnType:
    """What the aggregate is compared with."""
    return BOOLEAN if KINDS[function] is BOOLEANS else NUMERIC
