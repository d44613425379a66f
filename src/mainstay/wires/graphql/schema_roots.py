"""The root types: what a role may ask for at all."""

from collections.abc import Iterator

from mainstay.wires.graphql.roots import RootKind, WriteKind
from mainstay.wires.graphql.schema_tables import PAGED, by_group, by_page, listing
from mainstay.wires.graphql.schema_writes import changes, conflict, key_of
from mainstay.wires.graphql.types import Member, Type, inputs, objects
from mainstay.wires.graphql.vocabulary import FunctionField, TableType, Vocabulary, scalar_name

QUERY = "query_root"
MUTATION = "mutation_root"
SUBSCRIPTION = "subscription_root"
TELLING = {
    "__schema": Member("__schema", "__Schema!"),
    "__type": Member("__type", "__Type", (Member("name", "String!"),)),
}
"""What is asked of the schema itself: fields of the root that introspection does not list."""
NOTHING = Member("no_queries_available", "String", comment="The role may read nothing.")


def query_root(vocabulary: Vocabulary) -> Type:
    return objects(QUERY, _reads(vocabulary) or (NOTHING,))


def subscription_root(vocabulary: Vocabulary) -> Type:
    """All that a query has, each on its own, and streams."""
    streams = (_stream(name, table) for name, (_, table) in vocabulary.streams.items() if name not in vocabulary.roots)
    return objects(SUBSCRIPTION, (*_reads(vocabulary), *streams))


def subscription_member(vocabulary: Vocabulary, name: str) -> Member | None:
    """One field of subscriptions."""
    found, stream = read_member(vocabulary, name), vocabulary.streams.get(name)
    return found if found is not None or stream is None else _stream(name, stream[1])


def _stream(name: str, table: TableType) -> Member:
    cursor = Member("cursor", f"[{table.type('stream_cursor_input')}]!")
    arguments = (Member("batch_size", "Int!"), cursor, Member("where", table.type("bool_exp")))
    return Member(name, f"[{table.name}!]!", arguments, table.comment)


def read_member(vocabulary: Vocabulary, name: str) -> Member | None:
    """One field of queries."""
    function, root = vocabulary.functions.get(name), vocabulary.roots.get(name)
    if function is not None:
        return _call(name, function)
    if root is not None:
        return _read(name, *root)
    return NOTHING if name == NOTHING.name and not vocabulary.readable else None


def write_member(vocabulary: Vocabulary, name: str) -> Member | None:
    """One field of mutations."""
    function, root = vocabulary.calls.get(name), vocabulary.writes.get(name)
    if function is not None:
        return _call(name, function)
    return None if root is None else _write(vocabulary, name, *root)


def _reads(vocabulary: Vocabulary) -> list[Member]:
    fields = [_read(name, *root) for name, root in vocabulary.roots.items()]
    fields += (_call(name, each) for name, each in vocabulary.functions.items())
    return fields


def mutation_root(vocabulary: Vocabulary) -> Type:
    fields = [_write(vocabulary, name, *root) for name, root in vocabulary.writes.items()]
    fields += (_call(name, each) for name, each in vocabulary.calls.items())
    return objects(MUTATION, fields)


def _read(name: str, kind: RootKind, table: TableType) -> Member:
    match kind:
        case RootKind.ROWS:
            return Member(name, f"[{table.name}!]!", listing(table), table.comment)
        case RootKind.KEY:
            return Member(name, table.name, key_of(table), table.comment)
        case RootKind.AGGREGATE:
            return Member(name, f"{table.type('aggregate')}!", listing(table), table.comment)
        case RootKind.CONNECTION:
            return Member(name, f"{table.type('connection')}!", PAGED + by_page(table), table.comment)
        case RootKind.GROUPS:
            return Member(name, f"[{table.type('group')}!]!", by_group(table), table.comment)


def _write(vocabulary: Vocabulary, name: str, kind: WriteKind, table: TableType) -> Member:
    where = Member("where", f"{table.type('bool_exp')}!")
    inserted, response = table.type("insert_input"), table.type("mutation_response")
    match kind:
        case WriteKind.INSERT:
            return Member(name, response, (Member("objects", f"[{inserted}!]!"), *conflict(table)))
        case WriteKind.INSERT_ONE:
            return Member(name, table.name, (Member("object", f"{inserted}!"), *conflict(table)))
        case WriteKind.UPDATE:
            return Member(name, response, (*changes(vocabulary, table), where))
        case WriteKind.UPDATE_KEY:
            key = Member("pk_columns", f"{table.type('pk_columns_input')}!")
            return Member(name, table.name, (*changes(vocabulary, table), key))
        case WriteKind.UPDATE_MANY:
            return Member(name, f"[{response}]", (Member("updates", f"[{table.type('updates')}!]!"),))
        case WriteKind.DELETE:
            return Member(name, response, (where,))
        case WriteKind.DELETE_KEY:
            return Member(name, table.name, key_of(table))


def _call(name: str, function: FunctionField) -> Member:
    table = function.table
    required = any(each.required for each in function.arguments.values())
    given = (Member("args", _arguments_name(function) + ("!" if required else "")),) if function.arguments else ()
    if not function.many:
        return Member(name, table.name, given)
    type_ = f"{table.type('aggregate')}!" if function.aggregate else f"[{table.name}!]!"
    return Member(name, type_, (*given, *listing(table)))


def _arguments_name(function: FunctionField) -> str:
    return function.table.names.type(f"{function.name}_args")


def function_arguments(vocabulary: Vocabulary, name: str) -> Type | None:
    """The input object of what a function is passed."""
    for function in (*vocabulary.functions.values(), *vocabulary.calls.values()):
        if function.arguments and _arguments_name(function) == name:
            return inputs(name, _passed(function))
    return None


def _passed(function: FunctionField) -> Iterator[Member]:
    for name, argument in function.arguments.items():
        yield Member(name, scalar_name(argument.type))
