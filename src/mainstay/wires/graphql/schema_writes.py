"""The input types by which rows of one table are written: as far as the role may write them, and no further."""

from collections.abc import Iterator

from mainstay.core.catalog import Column
from mainstay.wires.graphql.mutate import CHANGES, OPERATORS, operand, takes
from mainstay.wires.graphql.roots import WriteKind
from mainstay.wires.graphql.rows import REMOVED
from mainstay.wires.graphql.schema_tables import Builder, related
from mainstay.wires.graphql.types import Member, Type, Value, enum, inputs
from mainstay.wires.graphql.vocabulary import TableType, Vocabulary, scalar_name


def changes(vocabulary: Vocabulary, table: TableType) -> Iterator[Member]:
    """`_set`, `_inc` and the others, where there is a column for them."""
    for operator in CHANGES:
        if operator == "_set" or any(takes(column, operator) for column in table.updated.values()):
            yield Member(operator, table.type(f"{operator[1:]}_input"))


def conflict(table: TableType) -> tuple[Member, ...]:
    return (Member("on_conflict", table.type("on_conflict")),) if table.constraints else ()


def key_of(table: TableType) -> tuple[Member, ...]:
    """A whole primary key, as arguments or as an input object's members."""
    columns = ((name, table.columns[name]) for name in table.primary_key)
    return tuple(Member(name, f"{scalar_name(column.type)}!", comment=column.comment) for name, column in columns)


def _values(columns: dict[str, Column]) -> Iterator[Member]:
    for name, column in columns.items():
        yield Member(name, scalar_name(column.type), comment=column.comment)


def _insert(vocabulary: Vocabulary, table: TableType) -> Type:
    return inputs(table.type("insert_input"), (*_values(table.created), *_nested(vocabulary, table, "insert")))


def _set(vocabulary: Vocabulary, table: TableType) -> Type:
    return inputs(table.type("set_input"), (*_values(table.updated), *_nested(vocabulary, table, "set")))


def _nested(vocabulary: Vocabulary, table: TableType, kind: str) -> Iterator[Member]:
    relations = table.nested if kind == "insert" else table.merged
    taken = table.created if kind == "insert" else table.updated
    for name, relation, target in related(vocabulary, table, relations):
        if name not in taken:
            form = "obj" if relation.to_one else "arr"
            yield Member(name, target.type(f"{form}_rel_{kind}_input"))


def _wrapped(form: str, kind: str) -> Builder:
    def build(_: Vocabulary, table: TableType) -> Type:
        data = table.type(f"{kind}_input")
        members = (Member("data", f"{data}!" if form == "obj" else f"[{data}!]!"), *conflict(table))
        if form == "arr" and kind == "set" and WriteKind.DELETE in table.kinds:
            members = (Member("data", f"[{data}!]"), Member(REMOVED, table.type("bool_exp")), *conflict(table))
        return inputs(table.type(f"{form}_rel_{kind}_input"), members)

    return build


def _altered(operator: str) -> Builder:
    def build(_: Vocabulary, table: TableType) -> Type:
        columns = ((name, column) for name, column in table.updated.items() if takes(column, operator))
        members = (Member(name, scalar_name(operand(column, operator)[0])) for name, column in columns)
        return inputs(table.type(f"{operator[1:]}_input"), members)

    return build


def _key(_: Vocabulary, table: TableType) -> Type:
    return inputs(table.type("pk_columns_input"), key_of(table))


def _updates(vocabulary: Vocabulary, table: TableType) -> Type:
    where = Member("where", f"{table.type('bool_exp')}!")
    return inputs(table.type("updates"), (*changes(vocabulary, table), where))


def _on_conflict(_: Vocabulary, table: TableType) -> Type:
    members = (
        Member("constraint", f"{table.type('constraint')}!"),
        Member("update_columns", f"[{table.type('update_column')}!]!", default="[]"),
        Member("where", table.type("bool_exp")),
    )
    return inputs(table.type("on_conflict"), members)


def _constraint(_: Vocabulary, table: TableType) -> Type:
    values = (Value(name, f"unique or primary key: {', '.join(key)}") for name, key in table.constraints.items())
    return enum(table.type("constraint"), values)


def _update_column(_: Vocabulary, table: TableType) -> Type:
    return enum(table.type("update_column"), (Value(name, column.comment) for name, column in table.updated.items()))


WRITES: dict[str, Builder] = {
    **{f"{form}_rel_{kind}_input": _wrapped(form, kind) for form in ("arr", "obj") for kind in ("insert", "set")},
    "insert_input": _insert,
    "set_input": _set,
    **{f"{operator[1:]}_input": _altered(operator) for operator in OPERATORS},
    "pk_columns_input": _key,
    "updates": _updates,
    "on_conflict": _on_conflict,
    "constraint": _constraint,
    "update_column": _update_column,
}
