"""Documents that say every name of a schema once, with the least that GraphQL wants around it."""

from collections import deque
from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    get_named_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from mainstay.wires.graphql.types import PLACEHOLDER

ONE_OF = ("aggregateboolexp", "streamcursorvalueinput")
"""Types whose values have one of their members, whichever."""
CURSORS = frozenset({"after", "before"})
"""What only an answer can give."""
CHANGES = frozenset({"_set", "_inc"})
SAMPLES = {
    "Int": "1",
    "Float": "1.5",
    "Boolean": "true",
    "String": '"a"',
    "jsonb": "{a: 1}",
    "json": "{a: 1}",
    "numeric": "1",
    "bigint": "1",
    "column_name": '"id"',
    "table_name": '"films"',
    "any_bool_exp": "{}",
    "ColumnName": '"id"',
    "TableName": '"films"',
    "AnyBoolExp": "{}",
    "uuid": '"00000000-0000-4000-8000-00000000000a"',
}


def sample(type_: Any, below: str | None = None) -> str:
    """A value of an input type; `below` is what a list, or an object's value, holds instead of the least."""
    if isinstance(type_, GraphQLNonNull):
        return sample(type_.of_type, below)
    if isinstance(type_, GraphQLList):
        inner = sample(type_.of_type, below)
        return "[]" if inner == PLACEHOLDER else f"[{inner}]"
    if below is not None:
        return below
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if isinstance(type_, GraphQLInputObjectType):
        if type_.name.lower().replace("_", "").endswith(ONE_OF):
            [(name, member), *_] = type_.fields.items()
            return f"{{{name}: {sample(member.type)}}}"
        return members(type_)
    return SAMPLES.get(type_.name, '"a"')


def members(type_: GraphQLInputObjectType, **given: str) -> str:
    """An object with what is required, and what is given."""
    required = {name: sample(each.type) for name, each in type_.fields.items() if is_required_input_field(each)}
    if "_set" in type_.fields and not given.keys() & CHANGES:
        given["_set"] = "{}"
    return "{" + ", ".join(f"{name}: {value}" for name, value in (required | given).items()) + "}"


def asked(field: Any, name: str, inside: str, **given: str) -> str:
    required = {key: sample(each.type) for key, each in field.args.items() if is_required_argument(each)}
    if "_set" in field.args:
        required["_set"] = "{}"
    arguments = ", ".join(f"{key}: {value}" for key, value in (required | given).items())
    return f"{name}({arguments}){inside}" if arguments else f"{name}{inside}"


def selected(type_: Any) -> str:
    return "" if is_leaf_type(get_named_type(type_)) else " { __typename }"


def documents(schema: GraphQLSchema) -> Iterator[str]:
    """One for each field, argument, and member of an input object."""
    seen: set[str] = set()
    roots = {"query": schema.query_type, "mutation": schema.mutation_type, "subscription": schema.subscription_type}
    for word, root in roots.items():
        if root is None:
            continue
        waiting: deque[tuple[GraphQLObjectType, str]] = deque([(root, word + " { %s }")])
        while waiting:
            type_, around = waiting.popleft()
            for name, field in type_.fields.items():
                yield around % asked(field, name, selected(field.type))
                for key, argument in field.args.items():
                    if key in CURSORS:
                        continue
                    for value in _values(argument.type, seen):
                        yield around % asked(field, name, selected(field.type), **{key: value})
                below = get_named_type(field.type)
                if isinstance(below, GraphQLObjectType) and below.name not in seen:
                    seen.add(below.name)
                    waiting.append((below, around % asked(field, name, " { %s }")))


def _values(type_: Any, seen: set[str]) -> Iterator[str]:
    """The least value, one for each value of an enum, and one for each member of an object, of types not seen yet."""
    named = get_named_type(type_)
    yield sample(type_)
    if named.name in seen:
        return
    seen.add(named.name)
    if isinstance(named, GraphQLEnumType):
        yield from (sample(type_, value) for value in named.values if value != PLACEHOLDER)
    elif isinstance(named, GraphQLInputObjectType):
        for name, member in named.fields.items():
            if name == PLACEHOLDER.lower():
                continue
            for value in _values(member.type, seen):
                yield sample(type_, members(named, **{name: value}))
