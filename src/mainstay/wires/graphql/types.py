"""What a schema is made of: types and their members, scalars, directives, and introspection's own types.

A reference to a type is a text, as GraphQL writes it: `[films!]!`. Who is asked for what is no matter here.
"""

from collections.abc import Iterable, Iterator
from enum import Enum
from typing import NamedTuple

from mainstay.core.catalog import ColumnType


class TypeKind(Enum):
    SCALAR = "SCALAR"
    OBJECT = "OBJECT"
    INPUT = "INPUT_OBJECT"
    ENUM = "ENUM"


class Member(NamedTuple):
    """A field, an argument, or a field of an input object."""

    name: str
    type: str
    arguments: tuple["Member", ...] = ()
    comment: str | None = None
    default: str | None = None
    of: ColumnType | None = None
    """The column's type, where its comparison is meant."""


class Value(NamedTuple):
    name: str
    comment: str | None = None


class Type(NamedTuple):
    """One named type; `values` are an enum's."""

    kind: TypeKind
    name: str
    members: tuple[Member, ...] = ()
    values: tuple[Value, ...] = ()
    comment: str | None = None

    def mentioned(self) -> Iterator[str]:
        """The names of the types that its members lead to."""
        for member in self.members:
            yield bare(member.type)
            yield from (bare(argument.type) for argument in member.arguments)


class Directive(NamedTuple):
    name: str
    locations: tuple[str, ...]
    arguments: tuple[Member, ...]
    comment: str


SCALARS = ("String", "Boolean", "Int", "Float")
COLUMN_NAME = "column_name"
"""A scalar: the name of a column of the same table, which a type that all tables share can't list."""
PLACEHOLDER = "_PLACEHOLDER"
"""Stands where GraphQL wants a name, and the role has none."""
UNUSABLE = "(do not use)"


def bare(reference: str) -> str:
    """The name in a reference."""
    return reference.strip("[]!")


def scalar(name: str) -> Type:
    return Type(TypeKind.SCALAR, name)


def objects(name: str, members: Iterable[Member], comment: str | None = None) -> Type:
    return Type(TypeKind.OBJECT, name, tuple(members), comment=comment)


def inputs(name: str, members: Iterable[Member], comment: str | None = None) -> Type:
    """An input object, which may not be empty."""
    found = tuple(members) or (Member(PLACEHOLDER.lower(), "Boolean", comment=UNUSABLE),)
    return Type(TypeKind.INPUT, name, found, comment=comment)


def enum(name: str, values: Iterable[Value], comment: str | None = None) -> Type:
    return Type(TypeKind.ENUM, name, values=tuple(values) or (Value(PLACEHOLDER, UNUSABLE),), comment=comment)


DIRECTIVES = (
    Directive(
        "include",
        ("FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"),
        (Member("if", "Boolean!"),),
        "Only what this is true for is in the answer.",
    ),
    Directive(
        "skip",
        ("FIELD", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"),
        (Member("if", "Boolean!"),),
        "What this is true for is not in the answer.",
    ),
    Directive(
        "deprecated",
        ("FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INPUT_FIELD_DEFINITION", "ENUM_VALUE"),
        (Member("reason", "String", default='"No longer supported"'),),
        "It will go, for the reason given.",
    ),
    Directive("specifiedBy", ("SCALAR",), (Member("url", "String!"),), "Where the scalar's behaviour is specified."),
)

_DEPRECATED = (Member("includeDeprecated", "Boolean", default="false"),)
_KINDS = ("SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM", "INPUT_OBJECT", "LIST", "NON_NULL")
_LOCATIONS = (
    *("QUERY", "MUTATION", "SUBSCRIPTION", "FIELD", "FRAGMENT_DEFINITION", "FRAGMENT_SPREAD", "INLINE_FRAGMENT"),
    *("VARIABLE_DEFINITION", "SCHEMA", "SCALAR", "OBJECT", "FIELD_DEFINITION", "ARGUMENT_DEFINITION", "INTERFACE"),
    *("UNION", "ENUM", "ENUM_VALUE", "INPUT_OBJECT", "INPUT_FIELD_DEFINITION"),
)


def _members(text: str, deprecated: Iterable[str] = ()) -> Iterator[Member]:
    for each in text.split(", "):
        name, _, type_ = each.partition(": ")
        yield Member(name, type_, _DEPRECATED if name in deprecated else ())


# GraphQL, 4.2.
_DESCRIBED = {
    "__Schema": (
        "description: String, types: [__Type!]!, queryType: __Type!, mutationType: __Type, subscriptionType: __Type, "
        "directives: [__Directive!]!"
    ),
    "__Type": (
        "kind: __TypeKind!, name: String, description: String, specifiedByURL: String, fields: [__Field!], "
        "interfaces: [__Type!], possibleTypes: [__Type!], enumValues: [__EnumValue!], inputFields: [__InputValue!], "
        "ofType: __Type, isOneOf: Boolean"
    ),
    "__Field": (
        "name: String!, description: String, args: [__InputValue!]!, type: __Type!, isDeprecated: Boolean!, "
        "deprecationReason: String"
    ),
    "__InputValue": (
        "name: String!, description: String, type: __Type!, defaultValue: String, isDeprecated: Boolean!, "
        "deprecationReason: String"
    ),
    "__EnumValue": "name: String!, description: String, isDeprecated: Boolean!, deprecationReason: String",
    "__Directive": (
        "name: String!, description: String, isRepeatable: Boolean!, locations: [__DirectiveLocation!]!, "
        "args: [__InputValue!]!"
    ),
}
_WITH_DEPRECATED = ("fields", "enumValues", "inputFields", "args")
META: dict[str, Type] = {name: objects(name, _members(text, _WITH_DEPRECATED)) for name, text in _DESCRIBED.items()}
META["__TypeKind"] = enum("__TypeKind", map(Value, _KINDS))
META["__DirectiveLocation"] = enum("__DirectiveLocation", map(Value, _LOCATIONS))
