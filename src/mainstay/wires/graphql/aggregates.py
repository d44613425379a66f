"""Reads what rows come to: `{aggregate {count max {year}} nodes {title}}`. It says which columns an aggregate takes."""

from collections.abc import Callable, Mapping

from mainstay.core.catalog import Column, Kind
from mainstay.core.comparisons import plain_name
from mainstay.core.condition import STATISTICS, Aggregate, Field
from mainstay.core.operation import Item, Member, Nodes, Part, Tally
from mainstay.wires.graphql.document import Asked
from mainstay.wires.graphql.fields import TYPENAME, require_arguments, require_leaf, subfields, typename
from mainstay.wires.graphql.given import Given
from mainstay.wires.graphql.problems import invalid, unknown
from mainstay.wires.graphql.translation import Translation
from mainstay.wires.graphql.vocabulary import COMPARABLE, SUMMABLE, TableType

NUMBERS = frozenset({Kind.INTEGER, Kind.NUMERIC, Kind.FLOAT})
BOOLEANS = frozenset({Kind.BOOLEAN})
KINDS: Mapping[Aggregate, frozenset[Kind]] = {
    Aggregate.SUM: SUMMABLE,
    Aggregate.AVG: SUMMABLE,
    Aggregate.MIN: COMPARABLE,
    Aggregate.MAX: COMPARABLE,
    **{each: NUMBERS for each in Aggregate if each in STATISTICS},
    Aggregate.BOOL_AND: BOOLEANS,
    Aggregate.BOOL_OR: BOOLEANS,
}
"""What each aggregate of a column takes."""
AGGREGATES = {each.value: each for each in KINDS if KINDS[each] is not BOOLEANS}
"""Those that a selection and an order have; filters have all."""


UNEQUAL = frozenset({"json", "xml", "point", "polygon", "box", "circle", "path", "lseg", "line"})
"""Types of which PostgreSQL says of no two values that they are equal, or not for sure."""


def aggregable(table: TableType, function: Aggregate) -> dict[str, Column]:
    """The columns that the aggregate may be of."""
    return {name: column for name, column in table.columns.items() if column.type.kind in KINDS[function]}


def groupable(table: TableType) -> dict[str, Column]:
    """The columns by which rows may be grouped: those that have an equality."""
    return {name: column for name, column in table.columns.items() if plain_name(column.type) not in UNEQUAL}


def comparable(table: TableType, function: Aggregate) -> dict[str, Column]:
    """The columns of which a filter may compare the aggregate: of numbers, or of booleans."""
    columns = aggregable(table, function)
    return {name: column for name, column in columns.items() if column.type.kind in NUMBERS | BOOLEANS}


def read_summary(
    translation: Translation, table: TableType, asked: Asked, nodes: Callable[[Asked], tuple[Item, ...]]
) -> tuple[Member, ...]:
    """`{aggregate {…} nodes {…}}`; `nodes` reads what is selected of each row."""
    type_name = table.type("aggregate")
    members: list[Member] = []
    for field in subfields(translation, asked, type_name):
        if field.name == TYPENAME:
            members.append(typename(field, type_name))
            continue
        if field.name not in ("aggregate", "nodes"):
            raise unknown(field.name, type_name, field.place)
        require_arguments(field, frozenset(), type_name)
        if field.name == "nodes":
            members.append(Nodes(field.key, nodes(field)))
        else:
            members.append(Part(field.key, read_tallies(translation, table, field)))
    return tuple(members)


def read_tallies(translation: Translation, table: TableType, asked: Asked) -> tuple[Member, ...]:
    """`{count max {year}}`"""
    type_name = table.type("aggregate_fields")
    members: list[Member] = []
    for field in subfields(translation, asked, type_name):
        if field.name == TYPENAME:
            members.append(typename(field, type_name))
        elif field.name == "count":
            members.append(_count(translation, table, field, type_name))
        elif field.name in AGGREGATES:
            require_arguments(field, frozenset(), type_name)
            members.append(Part(field.key, _of_columns(translation, table, field)))
        else:
            raise unknown(field.name, type_name, field.place)
    return tuple(members)


def _count(translation: Translation, table: TableType, asked: Asked, type_name: str) -> Tally:
    require_arguments(asked, frozenset({"columns", "distinct"}), type_name)
    require_leaf(asked)
    columns, distinct = asked.arguments.get("columns"), asked.arguments.get("distinct")
    fields = read_columns(translation, table, columns, f"{asked.place}.args.columns")
    wanted = read_flag(translation, distinct, f"{asked.place}.args.distinct")
    return Tally(asked.key, Aggregate.COUNT, fields, wanted and bool(fields))


def read_flag(translation: Translation, given: Given | None, place: str) -> bool:
    wanted = None if given is None else translation.variables.pin(given)
    if not isinstance(wanted, bool | None):
        raise invalid("expected a boolean for type 'Boolean'", place)
    return bool(wanted)


def read_columns(translation: Translation, table: TableType, given: Given | None, place: str) -> tuple[Field, ...]:
    """One column or several, of the enum of all that may be read; absent or null, none."""
    return _columns(translation, table, table.columns, given, place, "select_column")


def read_keys(translation: Translation, table: TableType, given: Given | None, place: str) -> dict[str, Column]:
    """The columns that rows are grouped by, at least one, by what they are called."""
    columns = groupable(table)
    chosen = {field.column for field in _columns(translation, table, columns, given, place, "group_column")}
    if not chosen:
        raise invalid("rows are grouped by at least one column", place)
    return {name: column for name, column in columns.items() if column.name in chosen}


def _columns(  # noqa: PLR0913, PLR0917 - where it stands
    translation: Translation, table: TableType, known: dict[str, Column], given: Given | None, place: str, suffix: str
) -> tuple[Field, ...]:
    if given is None or given.value is None:
        return ()
    pinned = translation.variables.pin(given)
    names = pinned if isinstance(pinned, list) else [pinned]
    for index, name in enumerate(names):
        if not isinstance(name, str) or name not in known:
            type_name = table.type(suffix)
            message = f"expected one of the values {[*known]} for type '{type_name}'"
            inside = f"{place}[{index}]" if isinstance(pinned, list) else place
            raise invalid(f"{message}, but found '{name}'", inside)
    return tuple(Field(known[name].name) for name in names)


def _of_columns(translation: Translation, table: TableType, asked: Asked) -> tuple[Member, ...]:
    """`max {a b}`"""
    type_name, function = table.type(f"{asked.name}_fields"), AGGREGATES[asked.name]
    columns = aggregable(table, function)
    members: list[Member] = []
    for field in subfields(translation, asked, type_name):
        if field.name == TYPENAME:
            members.append(typename(field, type_name))
            continue
        if field.name not in columns:
            raise unknown(field.name, type_name, field.place)
        require_arguments(field, frozenset(), type_name)
        require_leaf(field)
        members.append(Tally(field.key, function, (Field(columns[field.name].name),)))
    return tuple(members)
