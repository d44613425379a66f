"""Values as PostgreSQL has them, in plain Python: text read as a type, values written as text and as JSON.

A column's value is bool, int, Decimal, float, str, date, time, datetime, timedelta, UUID, bytes, a list (an array), or
for JSON any JSON value; None is NULL. `JSON_NULL` is JSON's null, which is not NULL.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any
from uuid import UUID

from mainstay.core.catalog import ColumnType, Kind
from mainstay.core.problem import Problem


class Json(Enum):
    NULL = "null"


JSON_NULL = Json.NULL
MOMENTS = {Kind.DATE, Kind.TIME, Kind.TIMESTAMP}
WORDS = {
    **dict.fromkeys(("t", "true", "y", "yes", "on", "1"), True),
    **dict.fromkeys(("f", "false", "n", "no", "off", "0"), False),
}


def read_text(text: str, type: ColumnType) -> Any:
    """The value that the type's input function reads. Raises Problem 22P02, for a date or time 22007, for no value."""
    reader = READERS.get(type.kind)
    if reader is None:
        raise NotImplementedError(f"the oracle reads no {type.kind.value}")
    try:
        return reader(text, type)
    except (ValueError, KeyError, IndexError, InvalidOperation) as error:
        code = "22007" if type.kind in MOMENTS else "22P02"
        raise Problem(code, f'invalid input syntax for type {type.name}: "{text}"') from error


def _read_timestamp(text: str, type: ColumnType) -> datetime:
    """With a time zone: an instant, in UTC where the text names no zone. Without: what the clock says."""
    value = datetime.fromisoformat(text)
    if "WITH TIME ZONE" in type.name.upper() or type.name.lower() == "timestamptz":
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return value.replace(tzinfo=None)


def element_of(type: ColumnType) -> ColumnType:
    return type.element or ColumnType(Kind.TEXT, "text")


def read_array(text: str) -> Iterator[str | None]:
    """The items of a one-dimensional array literal: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO"""
    if not (text.startswith("{") and text.endswith("}")):
        raise ValueError(text)
    rest = text[1:-1]
    while rest:
        item, rest = _next_item(rest)
        yield item


def _next_item(rest: str) -> tuple[str | None, str]:
    quoted = rest.startswith('"')
    characters: list[str] = []
    position = 1 if quoted else 0
    while position < len(rest):
        character = rest[position]
        if character == "\\":
            position += 1
            character = rest[position]
        elif (quoted and character == '"') or (not quoted and character == ","):
            break
        characters.append(character)
        position += 1
    item = "".join(characters)
    after = rest[position + 1 :].removeprefix(",") if quoted else rest[position + 1 :]
    return (None if not quoted and item.upper() == "NULL" else item), after


def _read_items(text: str, type: ColumnType) -> list[Any]:
    return [None if item is None else read_text(item, element_of(type)) for item in read_array(text)]


def json_value(value: Any) -> Any:
    """A JSON value on its own: its null is a value."""
    return JSON_NULL if value is None else value


READERS: dict[Kind, Callable[[str, ColumnType], Any]] = {
    Kind.BOOLEAN: lambda text, _: WORDS[text.strip().lower()],
    Kind.INTEGER: lambda text, _: int(text),
    Kind.NUMERIC: lambda text, _: Decimal(text),
    Kind.FLOAT: lambda text, _: float(text),
    Kind.DATE: lambda text, _: date.fromisoformat(text),
    Kind.TIME: lambda text, _: time.fromisoformat(text),
    Kind.TIMESTAMP: _read_timestamp,
    Kind.UUID: lambda text, _: UUID(text),
    Kind.JSON: lambda text, _: json_value(json.loads(text)),
    Kind.BINARY: lambda text, _: bytes.fromhex(text.removeprefix("\\x")),
    Kind.ARRAY: _read_items,
    Kind.ENUM: lambda text, type: type.labels[type.labels.index(text)],
    Kind.TEXT: lambda text, _: text,
    Kind.OTHER: lambda text, _: text,
}


def write_text(value: Any) -> str:
    """What a cast to text gives."""
    match value:
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime():
            return value.isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
        case bytes():
            return f"\\x{value.hex()}"
        case Json():
            return "null"
        case dict() | list():
            return json.dumps(value, ensure_ascii=False)
    return str(value)


def write_json(value: Any) -> Any:
    """What json_agg makes of the value, as json.loads reads it: numbers as int or float, the rest as text."""
    match value:
        case None | Json():
            return None
        case bool() | int() | str():
            return value
        case float() | Decimal():
            return int(value) if value == int(value) else float(value)
        case datetime() | time():
            return _without_trailing_zeros(value.isoformat())
        case list():
            return [write_json(item) for item in value]
        case dict():
            return {key: write_json(item) for key, item in value.items()}
        case date() | UUID() | bytes() | timedelta():
            return write_text(value)
    raise NotImplementedError(f"the oracle writes no {type(value).__name__}")


def _without_trailing_zeros(text: str) -> str:
    """PostgreSQL writes .5 where Python writes .500000."""
    whole, dot, rest = text.partition(".")
    if not dot:
        return text
    digits, zone = rest[:6], rest[6:]
    return f"{whole}.{digits.rstrip('0')}{zone}"


def canonical(value: Any) -> object:
    """A form in which two JSON values are equal exactly where jsonb's `=` says so."""
    match value:
        case bool() | None | str():
            return (type(value).__name__, value)
        case int() | float() | Decimal():
            return ("number", Decimal(str(value)))
        case list():
            return ("array", tuple(canonical(item) for item in value))
        case dict():
            return ("object", tuple(sorted((key, canonical(item)) for key, item in value.items())))
        case Json():
            return ("NoneType", None)
    raise TypeError(f"{value!r} is no JSON value")
