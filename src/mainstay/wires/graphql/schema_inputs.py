"""The input types by which rows of one table are found and sorted, and comparisons with values of a type."""

from collections.abc import Iterator

from mainstay.core.catalog import ColumnType
from mainstay.core.comparisons import COLUMNS, COMPARISONS
from mainstay.wires.graphql.aggregates import AGGREGATES, comparable, groupable
from mainstay.wires.graphql.compare import DISTANCES, INTEGER, cast_name, casts, distance_name, known_distances
from mainstay.wires.graphql.schema_tables import Builder, aggregate_of, measured, related
from mainstay.wires.graphql.types import COLUMN_NAME, Member, Type, Value, enum, inputs
from mainstay.wires.graphql.vocabulary import TableType, Vocabulary, comparison_name, scalar_name
from mainstay.wires.graphql.where import PREDICATES, predicate_type

TABLE_NAME = "table_name"
ANY_BOOL_EXP = "any_bool_exp"
"""A scalar: the condition on rows of a table that is only named."""
EXISTS = inputs("exists_exp", (Member("_table", f"{TABLE_NAME}!"), Member("_where", ANY_BOOL_EXP)))


def distance(name: str, type_: ColumnType) -> Type:
    """What `_st_d_within` and its like take."""
    kinds = {"distance": "Float!", "from": f"{scalar_name(type_)}!", "use_spheroid": "Boolean"}
    return inputs(
        distance_name(name, type_), (Member(each, kinds[each]) for each in sorted(known_distances(name, type_)))
    )


def distances(type_: ColumnType) -> Iterator[Type]:
    return (distance(name, type_) for name in DISTANCES if COMPARISONS[name].of(type_))


def cast_types(type_: ColumnType) -> Iterator[Type]:
    """What `_cast` takes, and comparisons with what it makes of a column."""
    if found := casts(type_):
        yield inputs(
            cast_name(type_), (Member(name, comparison_name(other), of=other) for name, other in found.items())
        )
        for other in found.values():
            yield comparison(other)
            yield from distances(other)


def further(type_: ColumnType) -> Iterator[ColumnType]:
    """Other types, of what values of this one are compared with."""
    yield from (each.right for each in COMPARISONS.values() if each.right is not None and each.of(type_))
    yield from casts(type_).values()


def comparison(type_: ColumnType) -> Type:
    return inputs(comparison_name(type_), _operators(type_))


def _operators(type_: ColumnType) -> Iterator[Member]:
    for name, meant in COMPARISONS.items():
        if meant.of(type_):
            right = scalar_name(meant.right or type_)
            value = distance_name(name, type_) if name in DISTANCES else right
            yield Member(name, f"[{value}!]" if meant.many else value)
    if casts(type_):
        yield Member("_cast", cast_name(type_))
    yield from (Member(name, COLUMN_NAME) for name in COLUMNS)
    yield Member("_is_null", "Boolean")


def _bool_exp(vocabulary: Vocabulary, table: TableType) -> Type:
    name = table.type("bool_exp")

    def members() -> Iterator[Member]:
        yield Member("_and", f"[{name}!]")
        yield Member("_exists", EXISTS.name)
        yield Member("_not", name)
        yield Member("_or", f"[{name}!]")
        for key, column in table.columns.items():
            yield Member(key, comparison_name(column.type), comment=column.comment, of=column.type)
        for key, relation, target in related(vocabulary, table, table.relations):
            if target.columns and not relation.passing.required:
                yield Member(key, target.type("bool_exp"))
            if (aggregate := aggregate_of(vocabulary, table, key)) is not None:
                yield Member(aggregate, target.type("aggregate_bool_exp"))

    return inputs(name, members())


def _counted(_: Vocabulary, table: TableType) -> Type:
    members = (
        Member("arguments", f"[{table.type('select_column')}!]"),
        Member("distinct", "Boolean"),
        Member("filter", table.type("bool_exp")),
        Member("predicate", "Int_comparison_exp!", of=INTEGER),
    )
    return inputs(table.type("aggregate_bool_exp_count"), members)


def _measure(name: str) -> Builder:
    """The condition on an aggregate of a column."""

    def build(_: Vocabulary, table: TableType) -> Type:
        type_ = predicate_type(PREDICATES[name])
        members = (
            Member("arguments", f"{table.type(f'aggregate_bool_exp_{name}_arguments')}!"),
            Member("distinct", "Boolean"),
            Member("filter", table.type("bool_exp")),
            Member("predicate", f"{comparison_name(type_)}!", of=type_),
        )
        return inputs(table.type(f"aggregate_bool_exp_{name}"), members)

    return build


def _measured_column(name: str) -> Builder:
    """The columns that such a condition may be on."""

    def build(_: Vocabulary, table: TableType) -> Type:
        columns = comparable(table, PREDICATES[name]).items()
        return enum(
            table.type(f"aggregate_bool_exp_{name}_arguments"), (Value(key, each.comment) for key, each in columns)
        )

    return build


def _aggregate_bool_exp(_: Vocabulary, table: TableType) -> Type:
    names = ["count", *(name for name, function in PREDICATES.items() if comparable(table, function))]
    members = (Member(name, table.type(f"aggregate_bool_exp_{name}")) for name in names)
    return inputs(table.type("aggregate_bool_exp"), members)


def _having(_: Vocabulary, table: TableType) -> Type:
    name = table.type("having_exp")
    predicates = ["count", *(each for each, function in PREDICATES.items() if comparable(table, function))]
    members = [Member("_and", f"[{name}!]"), Member("_not", name), Member("_or", f"[{name}!]")]
    return inputs(name, members + [Member(each, table.type(f"aggregate_bool_exp_{each}")) for each in predicates])


def _group_order_by(_: Vocabulary, table: TableType) -> Type:
    members = (Member("aggregate", table.type("aggregate_order_by")), Member("key", table.type("group_key_order_by")))
    return inputs(table.type("group_order_by"), members)


def _group_key_order_by(_: Vocabulary, table: TableType) -> Type:
    return inputs(table.type("group_key_order_by"), (Member(name, "order_by") for name in groupable(table)))


def _group_column(_: Vocabulary, table: TableType) -> Type:
    columns = groupable(table).items()
    return enum(table.type("group_column"), (Value(name, column.comment) for name, column in columns))


def _order_by(vocabulary: Vocabulary, table: TableType) -> Type:
    def members() -> Iterator[Member]:
        for name in table.columns:
            yield Member(name, "order_by")
        for name, relation, target in related(vocabulary, table, table.relations):
            if target.columns and relation.to_one and not relation.passing.required:
                yield Member(name, target.type("order_by"))
            elif (aggregate := aggregate_of(vocabulary, table, name)) is not None:
                yield Member(aggregate, target.type("aggregate_order_by"))

    return inputs(table.type("order_by"), members())


def _stream_cursor(_: Vocabulary, table: TableType) -> Type:
    value = Member("initial_value", f"{table.type('stream_cursor_value_input')}!")
    return inputs(table.type("stream_cursor_input"), (value, Member("ordering", "cursor_ordering")))


def _stream_cursor_value(_: Vocabulary, table: TableType) -> Type:
    members = (Member(name, scalar_name(column.type)) for name, column in table.columns.items())
    return inputs(table.type("stream_cursor_value_input"), members)


def _aggregate_order_by(_: Vocabulary, table: TableType) -> Type:
    members = [Member("count", "order_by")]
    members += [Member(name, table.type(f"{name}_order_by")) for name in AGGREGATES if measured(table, name)]
    return inputs(table.type("aggregate_order_by"), members)


def _order_of(aggregate: str) -> Builder:
    def build(_: Vocabulary, table: TableType) -> Type:
        return inputs(
            table.type(f"{aggregate}_order_by"), (Member(each, "order_by") for each in measured(table, aggregate))
        )

    return build


def _select_column(_: Vocabulary, table: TableType) -> Type:
    return enum(table.type("select_column"), (Value(name, column.comment) for name, column in table.columns.items()))


INPUTS: dict[str, Builder] = {
    "aggregate_bool_exp_count": _counted,
    **{f"aggregate_bool_exp_{name}_arguments": _measured_column(name) for name in PREDICATES},
    **{f"aggregate_bool_exp_{name}": _measure(name) for name in PREDICATES},
    "aggregate_bool_exp": _aggregate_bool_exp,
    "bool_exp": _bool_exp,
    "aggregate_order_by": _aggregate_order_by,
    **{f"{name}_order_by": _order_of(name) for name in AGGREGATES},
    "order_by": _order_by,
    "select_column": _select_column,
    "having_exp": _having,
    "group_order_by": _group_order_by,
    "group_key_order_by": _group_key_order_by,
    "group_column": _group_column,
    "stream_cursor_input": _stream_cursor,
    "stream_cursor_value_input": _stream_cursor_value,
}
