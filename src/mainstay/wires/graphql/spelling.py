"""Values as texts, for slots: by the column's type, and checked as far as GraphQL itself knows types.

What a text means is for the column's type in the database to say.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from mainstay.core.catalog import ColumnType, Kind
from mainstay.core.comparisons import plain_name
from mainstay.core.operation import Value
from mainstay.core.problem import Problem
from mainstay.wires.graphql.given import Given, Numeral, Word, encode, kind_of
from mainstay.wires.graphql.problems import invalid
from mainstay.wires.graphql.vocabulary import scalar_name

LARGE = frozenset({"bigint"})
SHAPES = frozenset({"geometry", "geography"})
INT_MAX = 2**31


def text(value: Any) -> str:
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is list or type(value) is dict:
        return json_text(value)
    return str(value)


def json_text(value: Any) -> str:
    return encode(_raw(value)).decode()


def _raw(value: Any) -> Any:
    if type(value) is dict:
        return {key: _raw(each) for key, each in value.items()}
    if type(value) is list:
        return [_raw(each) for each in value]
    return msgspec.Raw(str(value).encode()) if type(value) is Numeral else value


def array_text(value: Any) -> str:
    """A list as PostgreSQL's array literal; a text is one already."""
    if type(value) is not list:
        return text(value)
    return "{" + ",".join(_element(each) for each in value) + "}"


def _element(value: Any) -> str:
    if value is None:
        return "NULL"
    if type(value) is list:
        return array_text(value)
    escaped = text(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def whole(place: str) -> Callable[[Any], str]:
    """The spelling of a count of rows."""

    def spelt(value: Any) -> str:
        if not is_whole(value) and not is_spelt(value):
            raise invalid("expected a non-negative 32-bit integer for type 'Int', but found another number", place)
        return str(value)

    return spelt


def is_whole(value: Any) -> bool:
    return type(value) is int and 0 <= value < INT_MAX


def is_spelt(value: Any) -> bool:
    return type(value) is str and value.isascii() and value.isdigit() and len(value) < 11 and int(value) < INT_MAX


def listed(spell: Callable[[Any], str], list_max: int, place: str) -> Callable[[Any], Value]:
    """The spelling of a list of such values."""

    def spelt(value: Any) -> Value:
        items = value if type(value) is list else [value]
        if len(items) > list_max:
            raise Problem("MS442", f"The list is too long: at most {list_max} items are allowed", where=place)
        return tuple(spell(each) for each in items)

    return spelt


def spelling(type_: ColumnType) -> Callable[[Any], str]:
    if type_.kind is Kind.JSON:
        return json_text
    if type_.kind is Kind.CHOICE:
        return lambda value: _choice(type_, value, "$")
    return array_text if type_.kind is Kind.ARRAY else text


def _choice(type_: ColumnType, value: Any, place: str) -> str:
    """One of the values that the rows of a table list."""
    if value not in type_.labels:
        known = ", ".join(f"'{label}'" for label in type_.labels)
        raise invalid(f"expected one of the values [{known}] for type '{type_.name}', but found '{value}'", place)
    return str(value)


def check(type_: ColumnType, given: Given, place: str) -> None:
    """Raises Problem for null, and for a value that the type does not take. It looks at kinds, never at values."""
    name, value = scalar_name(type_), given.value
    if value is None:
        raise invalid(f"unexpected null value for type '{name}'", place)
    match type_.kind:
        case Kind.JSON:
            return
        case Kind.BOOLEAN:
            fits, wanted = isinstance(value, bool), "a boolean"
        case Kind.INTEGER if type_.name.lower() not in LARGE:
            fits, wanted = type(value) is int, "a 32-bit integer"
        case Kind.TEXT:
            fits, wanted = type(value) is str, "a string"
        case Kind.CHOICE:
            fits, wanted = type(value) is Word or (type(value) is str and given.origin is not None), "an enum value"
            if fits:
                _choice(type_, value, place)
        case Kind.ENUM:
            fits, wanted = type(value) in (str, Word), "an enum value"
        case Kind.ARRAY:
            fits, wanted = type(value) in (str, list), "a list"
        case Kind.OTHER if plain_name(type_) in SHAPES:
            fits, wanted = type(value) in (str, dict), "GeoJSON"
        case _:
            fits, wanted = type(value) in (str, int, Numeral), "a scalar"
    if not fits:
        raise invalid(f"expected {wanted} for type '{name}', but found {kind_of(given)}", place)
