"""The object types of one table: its rows, what they come to, and what a mutation answers with."""

from collections.abc import Callable, Iterator

from mainstay.core.catalog import Kind, Passing
from mainstay.core.condition import STATISTICS, Aggregate
from mainstay.wires.graphql.aggregates import AGGREGATES, aggregable, groupable
from mainstay.wires.graphql.types import Member, Type, inputs, objects
from mainstay.wires.graphql.vocabulary import RelationField, TableType, Vocabulary, scalar_name

Builder = Callable[[Vocabulary, TableType], Type]
PATH = (Member("path", "String", comment="The place inside, such as $.a.b[0]"),)


PAGED = (Member("after", "String"), Member("before", "String"), Member("first", "Int"), Member("last", "Int"))
PAGE_INFO = objects(
    "PageInfo",
    (
        Member("endCursor", "String"),
        Member("hasNextPage", "Boolean!"),
        Member("hasPreviousPage", "Boolean!"),
        Member("startCursor", "String"),
    ),
)


def listing(table: TableType) -> tuple[Member, ...]:
    """The arguments of what gives rows."""
    return (
        Member("distinct_on", f"[{table.type('select_column')}!]"),
        Member("limit", "Int"),
        Member("offset", "Int"),
        Member("order_by", f"[{table.type('order_by')}!]"),
        Member("where", table.type("bool_exp")),
    )


def by_page(table: TableType) -> tuple[Member, ...]:
    return (Member("order_by", f"[{table.type('order_by')}!]"), Member("where", table.type("bool_exp")))


def by_group(table: TableType) -> tuple[Member, ...]:
    return (
        Member("by", f"[{table.type('group_column')}!]!"),
        Member("having", table.type("having_exp")),
        Member("limit", "Int"),
        Member("offset", "Int"),
        Member("order_by", f"[{table.type('group_order_by')}!]"),
        Member("where", table.type("bool_exp")),
    )


def _group(_: Vocabulary, table: TableType) -> Type:
    members = (Member("aggregate", f"{table.type('aggregate_fields')}!"), Member("key", f"{table.type('group_key')}!"))
    return objects(table.type("group"), members)


def _group_key(_: Vocabulary, table: TableType) -> Type:
    columns = groupable(table).items()
    return objects(table.type("group_key"), (Member(name, scalar_name(each.type)) for name, each in columns))


def _connection(_: Vocabulary, table: TableType) -> Type:
    members = (Member("edges", f"[{table.type('edge')}!]!"), Member("pageInfo", f"{PAGE_INFO.name}!"))
    return objects(table.type("connection"), members)


def _edge(_: Vocabulary, table: TableType) -> Type:
    return objects(table.type("edge"), (Member("cursor", "String!"), Member("node", f"{table.name}!")))


def row(vocabulary: Vocabulary, table: TableType) -> Type:
    return objects(table.name, _fields(vocabulary, table), table.comment)


def _fields(vocabulary: Vocabulary, table: TableType) -> Iterator[Member]:
    for name, column in (table.columns | table.called).items():
        arguments = (*(PATH if column.type.kind is Kind.JSON else ()), *passed(table, name, column.passing))
        end = "" if column.nullable else "!"
        yield Member(name, f"{scalar_name(column.type)}{end}", arguments, column.comment)
    for name, relation, target in related(vocabulary, table, table.relations):
        if not target.columns:
            continue
        given = passed(table, name, relation.passing)
        if relation.to_one:
            yield Member(name, target.name, given)
            continue
        yield Member(name, f"[{target.name}!]!", (*given, *listing(target)))
        if (aggregate := aggregate_of(vocabulary, table, name, passed=True)) is not None:
            yield Member(aggregate, f"{target.type('aggregate')}!", (*given, *listing(target)))


def passed(table: TableType, name: str, passing: Passing) -> tuple[Member, ...]:
    """The argument by which the function behind a field is passed what it takes besides the row."""
    if not passing.arguments:
        return ()
    return (Member("args", f"{table.type(f'{name}_args')}{'!' if passing.required else ''}"),)


def passed_inputs(table: TableType) -> Iterator[Type]:
    """The types of those arguments."""
    for name, passing in table.passings():
        if passing.arguments:
            members = (Member(each.name, scalar_name(each.type)) for each in passing.arguments)
            yield inputs(table.type(f"{name}_args"), members)


def aggregate_of(vocabulary: Vocabulary, table: TableType, name: str, *, passed: bool = False) -> str | None:
    """What the aggregate of a relation is called, where there is one."""
    said = vocabulary.names.field(f"{name}_aggregate")
    return None if vocabulary.aggregated(table, said, passed=passed) is None else said


def related(
    vocabulary: Vocabulary, table: TableType, relations: dict[str, RelationField]
) -> Iterator[tuple[str, RelationField, TableType]]:
    """The relations of which the role has the target, too."""
    for name, relation in relations.items():
        target = vocabulary.types.get(relation.key)
        if target is not None:
            yield name, relation, target


def measured(table: TableType, aggregate: str) -> dict[str, str]:
    """The columns that an aggregate may be of, and what it gives."""
    number = AGGREGATES[aggregate] is Aggregate.AVG or AGGREGATES[aggregate] in STATISTICS
    columns = aggregable(table, AGGREGATES[aggregate])
    return {name: "Float" if number else scalar_name(column.type) for name, column in columns.items()}


def _aggregate(_: Vocabulary, table: TableType) -> Type:
    members = (Member("aggregate", table.type("aggregate_fields")), Member("nodes", f"[{table.name}!]!"))
    return objects(table.type("aggregate"), members)


def _aggregate_fields(_: Vocabulary, table: TableType) -> Type:
    counted = (Member("columns", f"[{table.type('select_column')}!]"), Member("distinct", "Boolean"))
    members = [Member("count", "Int!", counted)]
    members += [Member(name, table.type(f"{name}_fields")) for name in AGGREGATES if measured(table, name)]
    return objects(table.type("aggregate_fields"), members)


def _of_columns(aggregate: str) -> Builder:
    def build(_: Vocabulary, table: TableType) -> Type:
        members = (Member(name, type_) for name, type_ in measured(table, aggregate).items())
        return objects(table.type(f"{aggregate}_fields"), members)

    return build


def _response(_: Vocabulary, table: TableType) -> Type:
    members = [Member("affected_rows", "Int!")]
    if table.columns:
        members.append(Member("returning", f"[{table.name}!]!"))
    return objects(table.type("mutation_response"), members)


OBJECTS: dict[str, Builder] = {
    "group": _group,
    "group_key": _group_key,
    "connection": _connection,
    "edge": _edge,
    "aggregate": _aggregate,
    "aggregate_fields": _aggregate_fields,
    "mutation_response": _response,
    **{f"{name}_fields": _of_columns(name) for name in AGGREGATES},
}
