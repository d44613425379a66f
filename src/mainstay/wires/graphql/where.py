"""Reads `where`: comparisons of columns, `_and`, `_or`, `_not`, and conditions on related rows.

Nothing that is asked for is left out: what the corridor can't say is refused, and so is a comparison with null, which
would hold for no row, or where it is left out, for all of them.
"""

from collections.abc import Iterator

from mainstay.core.catalog import Column, ColumnType, Kind
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
    Through,
    Truth,
    both,
)
from mainstay.wires.graphql.given import Given
from mainstay.wires.graphql.problems import invalid, unknown, unserved
from mainstay.wires.graphql.spelling import check, listed, spelling
from mainstay.wires.graphql.translation import Translation, items_of, members_of
from mainstay.wires.graphql.vocabulary import TableType, scalar_name

PLAIN = {
    "_eq": Operator.EQ,
    "_neq": Operator.NEQ,
    "_gt": Operator.GT,
    "_gte": Operator.GTE,
    "_lt": Operator.LT,
    "_lte": Operator.LTE,
}
LISTS = {"_in": False, "_nin": True}
PATTERNS = {
    "_like": (Operator.LIKE, False),
    "_nlike": (Operator.LIKE, True),
    "_ilike": (Operator.ILIKE, False),
    "_nilike": (Operator.ILIKE, True),
    "_regex": (Operator.MATCH, False),
    "_nregex": (Operator.MATCH, True),
    "_iregex": (Operator.IMATCH, False),
    "_niregex": (Operator.IMATCH, True),
}
CONTAINMENTS = {"_contains": Operator.CS, "_contained_in": Operator.CD}
COLUMNS = {f"_c{name[1:]}": operator for name, operator in PLAIN.items()}
LATER = frozenset({"_similar", "_nsimilar", "_has_key", "_has_keys_any", "_has_keys_all", "_cast"})
LIKENED = frozenset({Kind.TEXT, Kind.OTHER})
CONTAINERS = frozenset({Kind.JSON, Kind.ARRAY, Kind.RANGE})
BIGINT = ColumnType(Kind.INTEGER, "bigint")


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
    type_name = f"{scalar_name(column.type)}_comparison_exp"
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
    if name in LISTS:
        _required(given, scalar_name(type_), place)
        for each in items_of(given):
            check(type_, each, place)
        spell = listed(spelling(type_), translation.limits.list_max, place)
        condition: Condition = Compare(left, Operator.IN, translation.slot(given, spell, many=True))
        return Not(condition) if LISTS[name] else condition
    operator, negated = _operator(type_, name, place)
    check(type_, given, place)
    condition = Compare(left, operator, translation.slot(given, spelling(type_)))
    return Not(condition) if negated else condition


def _operator(type_: ColumnType, name: str, place: str) -> tuple[Operator, bool]:
    if name in PLAIN:
        return PLAIN[name], False
    if name in PATTERNS and type_.kind in LIKENED:
        return PATTERNS[name]
    if name in CONTAINMENTS and type_.kind in CONTAINERS:
        return CONTAINMENTS[name], False
    if name in LATER:
        raise unserved(f"the operator '{name}' is", place)
    raise unknown(name, f"{scalar_name(type_)}_comparison_exp", place)


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
