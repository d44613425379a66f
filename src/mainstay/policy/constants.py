"""A team's constants as text that PostgreSQL's input functions read.

A constant is written once, at start-up, so what a column's type can't read is refused here and not at each request.
https://www.postgresql.org/docs/current/datatype.html
"""

import math
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.types import TypeEngine

from mainstay.core.catalog import ColumnType, Kind

# The base dialect, without a driver: its types turn a value into what the database stores (an enum's label, JSON
# text, what a TypeDecorator makes of it) and leave the rest to the driver, whose part `constant_text` plays.
DIALECT = PGDialect()  # type: ignore[no-untyped-call]
DIALECT.supports_native_decimal = True  # as every driver does; else a Decimal would pass through a float

MEANING = {
    Kind.BOOLEAN: "true or false",
    Kind.INTEGER: "a whole number",
    Kind.NUMERIC: "a number",
    Kind.FLOAT: "a number",
    Kind.UUID: "a UUID",
    Kind.DATE: "a date",
    Kind.TIMESTAMP: "a date and time",
    Kind.JSON: "JSON",
}


def stored(value: Any, declared: TypeEngine[Any]) -> Any:
    """The value as its SQLAlchemy type stores it. Raises ValueError where the type refuses it."""
    processor = declared.dialect_impl(DIALECT).bind_processor(DIALECT)
    try:
        return value if processor is None else processor(value)
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(f"{value!r} does not suit the column's type: {error}") from error


def constant_text(value: Any, type: ColumnType | None) -> str:
    """The value as text that `type` reads (None: of any type). Raises ValueError, which says why it can't be."""
    if type is not None and type.kind is Kind.JSON and not isinstance(value, str):
        return msgspec.json.encode(value).decode()
    if type is not None and type.kind is Kind.TEXT and not isinstance(value, str):
        raise ValueError(f"{value!r} is not text")
    text = spell(value, type)
    if type is not None and not isinstance(value, list | tuple):
        require(text, type)
    return text


def spell(value: Any, type: ColumnType | None) -> str:
    match value:
        case Enum() if isinstance(value, str | int):
            return spell(value.value, type)
        case bool():
            return "true" if value else "false"
        case str():
            return _without_nul(value)
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")
        case int() | Decimal() | UUID():
            return str(value)
        case float():
            return repr(value)
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return f"{value.days} days {value.seconds} seconds {value.microseconds} microseconds"
        case bytes():
            return f"\\x{value.hex()}"
        case list() | tuple():
            return array_text(value, type.element if type is not None else None)
    raise ValueError(f"a value of type {type_name(value)} has no text that the database reads")


def array_text(items: Sequence[Any], element: ColumnType | None) -> str:
    """PostgreSQL's input form of an array: https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO"""
    return "{" + ",".join(_array_item(item, element) for item in items) + "}"


def _array_item(item: Any, element: ColumnType | None) -> str:
    if item is None:
        return "NULL"
    if isinstance(item, list | tuple):
        return array_text(item, element)
    text = constant_text(item, element).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def require(text: str, type: ColumnType) -> None:
    """Raises ValueError where the type would refuse the text."""
    if type.labels and text not in type.labels:
        raise ValueError(f"{text!r} is not one of {', '.join(type.labels)}")
    if not _reads(text, type.kind):
        raise ValueError(f"{text!r} is not {MEANING[type.kind]}")


def _reads(text: str, kind: Kind) -> bool:
    """True also for kinds whose input is the database's alone to judge."""
    try:
        match kind:
            case Kind.BOOLEAN:
                return text in ("true", "false")
            case Kind.INTEGER:
                int(text)
            case Kind.NUMERIC | Kind.FLOAT:
                Decimal(text)
            case Kind.UUID:
                UUID(text)
            case Kind.DATE:
                date.fromisoformat(text)
            case Kind.TIMESTAMP:
                datetime.fromisoformat(text)
            case Kind.JSON:
                msgspec.json.decode(text)
    except (ValueError, InvalidOperation):
        return False
    return True


def type_name(value: object) -> str:
    return type(value).__name__


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("text can't hold a NUL character in PostgreSQL")
    return text
