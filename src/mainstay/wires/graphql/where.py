"""Reads `where`: comparisons of columns, `_and`, `_or`, `_not`, and conditions on related rows.

Nothing that is asked for is left out: what the corridor can't say is refused, and so is a comparison with null, which
would hold for no row, or where it is left out, for all of them.
"""

from collections.abc import Iterator

import msgspec

from mainstay.core.catalog import Column, ColumnType, Kind
from mainstay.core.comparisons import COLUMNS, Comparison, comparison, plain_name
from mainstay.core.condition import (
    Aggregate,
    Aggregation,
    And,
    Compare,
    Condition,
    Field,
    Is,
    Literal,
    Measured,
    Not,
    Operator,
    Or,
    Slot,
    Through,
    Truth,
    both,
)
from mainstay.wires.graphql.given import Given
from mainstay.wires.graphql.problems import invalid, unknown, unserved
from mainstay.wires.graphql.spelling import check, listed, spelling
from mainstay.wires.graphql.translation import Translation, items_of, members_of
from mainstay.wires.graphql.vocabulary import TableType, comparison_name, scalar_name

DISTANCES = {
    "_st_d_within": frozenset({"distance", "from", "use_spheroid"}),
    "_st_3d_d_within": frozenset({"distance", "from"}),
}
BIGINT = ColumnType(Kind.INTEGER, "bigint")
FLOAT = ColumnType(Kind.FLOAT, "float8")
BOOLEAN = ColumnType(Kind.BOOLEAN, "boolean")


def read_where(
    translation: Translation, table: TableType, given: Given | None, place: str, depth: int = 0
) -> Condition:
    """The condition of a `where`; absent or null, every row."""
    if given is None or given.value is None:
        return And()
    translation.require_depth(depth, place)
    members = members_of(given, table.type("bool_exp"), place).items()
    return both(*(_member(translation, table, name, each, f"{place}.{name}", depth) for name, each in members))


def _member(  # noqa: PLR0913, PLR0917 - where it stands
    translation: Translation, table: TableType, name: str, given: Given, place: str, depth: int
) -> Condition:
    if name in ("_and", "_or", "_not"):
        return _logic(translation, table, name, given, place, depth)
    column = table.columns.get(name)
    if column is not None:
        return _comparisons(translation, table, column, Field(column.name), given, place)
    if (found := translation.vocabulary.relation(table, name)) is not None:
        relation, target = found
        where = read_where(translation, target, _required(given, target.type("bool_exp"), place), place, depth + 1)
        translation.count_term(place)
        return Through(relation.target, where, relation.fixed)
    if (found := translation.vocabulary.aggregated(table, name)) is not None:
        relation, target = found
        return _counted(translation, target, Through(relation.target, And(), relation.fixed), given, place, depth)
    raise unknown(name, table.type("bool_exp"), place)


def _logic(  # noqa: PLR0913, PLR0917 - where it stands
    translation: Translation, table: TableType, name: str, given: Given, place: str, depth: int
) -> Condition:
    given = _required(given, table.type("bool_exp"), place)
    if name == "_not":
        return Not(read_where(translation, table, given, place, depth + 1))
    parts = []
    for index, each in enumerate(items_of(given)):
        inside = f"{place}[{index}]"
        parts.append(read_where(translation, table, _required(each, table.type("bool_exp"), inside), inside, depth + 1))
    return both(*parts) if name == "_and" else Or(tuple(parts))


def _required(given: Given, type_name: str, place: str) -> Given:
    if given.value is None:
        raise invalid(f"unexpected null value for type '{type_name}'", place)
    return given


def _comparisons(  # noqa: PLR0913, PLR0917 - where it stands
    translation: Translation, table: TableType, column: Column, left: Field, given: Given, place: str
) -> Condition:
    type_name = comparison_name(column.type)
    members = members_of(_required(given, type_name, place), type_name, place)

    def conditions() -> Iterator[Condition]:
        for name, each in members.items():
            inside = f"{place}.{name}"
            translation.count_term(inside)
            if name in COLUMNS:
                yield Compare(left, COLUMNS[name], _other_column(translation, table, each, inside))
            else:
                yield _comparison(translation, column.type, left, name, each, inside)

    return both(*conditions())


def _comparison(  # noqa: PLR0913, PLR0917 - where it stands
    translation: Translation, type_: ColumnType, left: Measured, name: str, given: Given, place: str
) -> Condition:
    if name == "_is_null":
        return _null_test(translation, left, given, place)
    meant = comparison(name, type_)
    if meant is None:
        if name == "_cast":
            raise unserved("the operator '_cast' is", place)
        raise unknown(name, comparison_name(type_), place)
    condition = (
        _near(translation, type_, Compare(left, meant.operator, Literal(None)), name, given, place)
        if name in DISTANCES
        else Compare(left, meant.operator, _right(translation, meant, type_, given, place), meant.quantifier)
    )
    return Not(condition) if meant.negated else condition


def _right(translation: Translation, meant: Comparison, type_: ColumnType, given: Given, place: str) -> Slot:
    type_ = meant.right or type_
    if not meant.many:
        return _value(translation, type_, given, place)
    _required(given, scalar_name(type_), place)
    for each in items_of(given):
        check(type_, each, place)
    spell = listed(spelling(type_), translation.limits.list_max, place)
    return translation.slot(given, spell, many=True)


def _value(translation: Translation, type_: ColumnType, given: Given, place: str) -> Slot:
    check(type_, given, place)
    return translation.slot(given, spelling(type_))


def _near(  # noqa: PLR0913, PLR0917 - where it stands
    translation: Translation, type_: ColumnType, compare: Compare, name: str, given: Given, place: str
) -> Compare:
    """`{distance: 5, from: {…}}`"""
    type_name = distance_name(name, type_)
    members = members_of(_required(given, type_name, place), type_name, place)
    for each in members:
        if each not in known_distances(name, type_):
            raise unknown(each, type_name, f"{place}.{each}")
    for each in ("distance", "from"):
        if each not in members:
            raise invalid(f"missing required field '{each}'", place)
    return msgspec.structs.replace(
        compare,
        right=_value(translation, type_, members["from"], f"{place}.from"),
        distance=_value(translation, FLOAT, members["distance"], f"{place}.distance"),
        spheroid=_value(translation, BOOLEAN, members["use_spheroid"], f"{place}.use_spheroid")
        if "use_spheroid" in members
        else None,
    )


def distance_name(name: str, type_: ColumnType) -> str:
    return f"{name[1:]}_{scalar_name(type_)}_input"


def known_distances(name: str, type_: ColumnType) -> frozenset[str]:
    """The members of what a comparison by distance takes."""
    return DISTANCES[name] - (frozenset() if plain_name(type_) == "geography" else {"use_spheroid"})


def _null_test(translation: Translation, left: Measured, given: Given, place: str) -> Condition:
    """As a comparison, which a plan never takes for a test of the related rows that are called like the column."""
    wanted = translation.variables.pin(given)
    if not isinstance(wanted, bool):
        raise invalid("expected a boolean for type 'Boolean'", place)
    if not isinstance(left, Field):
        return Is(left, Truth.NULL if wanted else Truth.NOT_NULL)
    there = Compare(left, Operator.IS_DISTINCT, Literal(None))
    return Not(there) if wanted else there


def _other_column(translation: Translation, table: TableType, given: Given, place: str) -> Field:
    name = translation.variables.pin(given)
    if isinstance(name, list) and len(name) == 1:
        [name] = name
    if isinstance(name, list):
        raise unserved("comparisons with columns of other tables are", place)
    if not isinstance(name, str) or name not in table.columns:
        raise invalid(f"'{name}' is not a column of '{table.name}'", place)
    return Field(table.columns[name].name)


def _counted(  # noqa: PLR0913, PLR0917 - where it stands
    translation: Translation, target: TableType, through: Through, given: Given, place: str, depth: int
) -> Condition:
    """`{count: {predicate: {_gt: 1}, filter: {…}}}`"""
    type_name = target.type("aggregate_bool_exp")
    members = members_of(given, type_name, place)
    if len(members) != 1:
        raise invalid("exactly one predicate should be specified", place)
    [(name, inner)] = members.items()
    if name != "count":
        raise unserved(f"the aggregate '{name}' in filters is", f"{place}.{name}")
    place = f"{place}.count"
    counted = members_of(inner, f"{type_name}_count", place)
    for other in counted:
        if other not in ("predicate", "filter"):
            raise unserved(f"'{other}' of a count in filters is", f"{place}.{other}")
    where = read_where(translation, target, counted.get("filter"), f"{place}.filter", depth + 1)
    left = Aggregation(Aggregate.COUNT, None, where, through)
    inside = f"{place}.predicate"
    predicates = members_of(counted.get("predicate", Given(None)), "Int_comparison_exp", inside)
    for _ in predicates:
        translation.count_term(inside)
    return both(
        *(_comparison(translation, BIGINT, left, name, each, f"{inside}.{name}") for name, each in predicates.items())
    )
