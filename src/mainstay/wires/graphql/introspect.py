"""Answers `__schema` and `__type` from a role's schema (GraphQL, 4).

A selection is read once, and then taken of each type: what was said of a type under the same selection is not made
again. Lists of lists of fields would grow without a bound, so they nest twice at most, as clients' own tools need.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from mainstay.core.problem import Problem
from mainstay.wires.graphql.document import Asked
from mainstay.wires.graphql.fields import TYPENAME, require_arguments, require_leaf, subfields
from mainstay.wires.graphql.problems import invalid, unknown
from mainstay.wires.graphql.schema import Schema
from mainstay.wires.graphql.translation import Translation
from mainstay.wires.graphql.types import DIRECTIVES, META, Member, TypeKind, bare

LISTS = frozenset({"fields", "inputFields", "interfaces", "possibleTypes"})
NESTED_MAX = 2
FIELDS = frozenset({"__schema", "__type"})
ASKING = re.compile(r"__schema\b|__type\b")
"""A document that may ask for some of it."""

encode = msgspec.json.Encoder().encode


class Taken(NamedTuple):
    """One field of a selection: how its value is found, and what is taken of that."""

    key: str
    value: Callable[[Schema, Any], Any]
    type: str
    listed: bool
    fields: tuple["Taken", ...]
    of: str = ""
    """The field itself."""


def read_introspection(translation: Translation, asked: Asked) -> bytes:
    """The answer, as JSON. Raises Problem for what introspection does not have, and for lists nested too deep."""
    schema = Schema(translation.vocabulary.apart())
    teller = Teller(schema)
    if asked.name == "__schema":
        require_arguments(asked, frozenset(), "query_root")
        return teller.tell(_selected(translation, asked, "__Schema", 0), schema)
    require_arguments(asked, frozenset({"name"}), "query_root")
    place = f"{asked.place}.args"
    if "name" not in asked.arguments:
        raise invalid("missing required field 'name'", place)
    name = translation.variables.pin(asked.arguments["name"])
    if type(name) is not str:
        raise invalid("expected a string for type 'String'", f"{place}.name")
    fields = _selected(translation, asked, "__Type", 0)
    return teller.tell(fields, name) if schema.tells(name) else b"null"


def _selected(translation: Translation, asked: Asked, type_name: str, nested: int) -> tuple[Taken, ...]:
    members = {member.name: member for member in META[type_name].members}
    found: list[Taken] = []
    for field in subfields(translation, asked, type_name):
        if field.name == TYPENAME:
            require_arguments(field, frozenset(), type_name)
            require_leaf(field)
            found.append(Taken(field.key, _constant(type_name), "", False, ()))
        elif (member := members.get(field.name)) is not None:
            found.append(_taken(translation, field, type_name, member, nested))
        else:
            raise unknown(field.name, type_name, field.place)
    return tuple(found)


def _taken(translation: Translation, asked: Asked, owner: str, member: Member, nested: int) -> Taken:
    require_arguments(asked, frozenset(each.name for each in member.arguments), owner)
    for name, given in asked.arguments.items():
        if not isinstance(translation.variables.pin(given), bool | None):
            raise invalid("expected a boolean for type 'Boolean'", f"{asked.place}.args.{name}")
    nested += member.name in LISTS
    if nested > NESTED_MAX:
        raise Problem(
            "MS403", f"Introspection is nested too deep: {member.name} in fields of fields", where=asked.place
        )
    type_name = bare(member.type)
    value = VALUES[owner, member.name]
    if META.get(type_name) is None or META[type_name].kind is TypeKind.ENUM:
        require_leaf(asked)
        return Taken(asked.key, value, "", False, ())
    fields = _selected(translation, asked, type_name, nested)
    return Taken(asked.key, value, type_name, member.type.startswith("["), fields, member.name)


class Teller:
    """Takes selections of one schema."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._told: dict[tuple[int, str | Member], msgspec.Raw] = {}

    def tell(self, fields: tuple[Taken, ...], thing: Any) -> bytes:
        return encode({each.key: self._value(each, thing) for each in fields})

    def _value(self, taken: Taken, thing: Any) -> Any:
        value = taken.value(self.schema, thing)
        if value is None or not taken.type:
            return value
        return [self._one(taken, each) for each in value] if taken.listed else self._one(taken, value)

    def _one(self, taken: Taken, value: Any) -> msgspec.Raw:
        """What repeats is told once: types, and arguments, of which each table's are the same in many places."""
        if type(value) is not str and (type(value) is not Member or value.arguments or taken.of != "args"):
            return msgspec.Raw(self.tell(taken.fields, value))
        key = (id(taken.fields), value)
        told = self._told.get(key)
        if told is None:
            told = self._told[key] = msgspec.Raw(self.tell(taken.fields, value))
        return told


def _constant(value: Any) -> Callable[[Schema, Any], Any]:
    return lambda _, __: value


def _attribute(name: str) -> Callable[[Schema, Any], Any]:
    return lambda _, thing: getattr(thing, name)


def _kind(schema: Schema, reference: str) -> str:
    if reference.endswith("!"):
        return "NON_NULL"
    return "LIST" if reference.startswith("[") else schema.require(reference).kind.value


def _inner(_: Schema, reference: str) -> str | None:
    if reference.endswith("!"):
        return reference[:-1]
    return reference[1:-1] if reference.startswith("[") else None


def _of_type(kinds: Iterable[TypeKind], value: Callable[[Schema, str], Any]) -> Callable[[Schema, str], Any]:
    """Null of lists, of what is never null, and of other kinds."""
    wanted = frozenset(kinds)

    def found(schema: Schema, reference: str) -> Any:
        if reference[-1] in "!]" or schema.require(reference).kind not in wanted:
            return None
        return value(schema, reference)

    return found


def _members(schema: Schema, name: str) -> tuple[Member, ...]:
    return schema.require(name).members


VALUES: dict[tuple[str, str], Callable[[Schema, Any], Any]] = {
    ("__Schema", "description"): _constant(None),
    ("__Schema", "types"): lambda schema, _: (each.name for each in schema.types()),
    ("__Schema", "queryType"): lambda schema, _: schema.roots[0],
    ("__Schema", "mutationType"): lambda schema, _: schema.roots[1],
    ("__Schema", "subscriptionType"): lambda schema, _: schema.roots[2],
    ("__Schema", "directives"): _constant(DIRECTIVES),
    ("__Type", "kind"): _kind,
    ("__Type", "name"): _of_type(TypeKind, lambda _, name: name),
    ("__Type", "description"): _of_type(TypeKind, lambda schema, name: schema.require(name).comment),
    ("__Type", "specifiedByURL"): _constant(None),
    ("__Type", "fields"): _of_type((TypeKind.OBJECT,), _members),
    ("__Type", "interfaces"): _of_type((TypeKind.OBJECT,), _constant(())),
    ("__Type", "possibleTypes"): _constant(None),
    ("__Type", "enumValues"): _of_type((TypeKind.ENUM,), lambda schema, name: schema.require(name).values),
    ("__Type", "inputFields"): _of_type((TypeKind.INPUT,), _members),
    ("__Type", "ofType"): _inner,
    ("__Type", "isOneOf"): _of_type((TypeKind.INPUT,), _constant(False)),
    **{
        (owner, name): value
        for owner in ("__Field", "__InputValue", "__EnumValue")
        for name, value in {
            "name": _attribute("name"),
            "description": _attribute("comment"),
            "isDeprecated": _constant(False),
            "deprecationReason": _constant(None),
        }.items()
    },
    ("__Field", "args"): _attribute("arguments"),
    ("__Field", "type"): _attribute("type"),
    ("__InputValue", "type"): _attribute("type"),
    ("__InputValue", "defaultValue"): _attribute("default"),
    ("__Directive", "name"): _attribute("name"),
    ("__Directive", "description"): _attribute("comment"),
    ("__Directive", "isRepeatable"): _constant(False),
    ("__Directive", "locations"): _attribute("locations"),
    ("__Directive", "args"): _attribute("arguments"),
}
