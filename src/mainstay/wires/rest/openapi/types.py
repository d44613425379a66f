"""Column types as JSON Schema 2020-12: what a value looks like in a body.

Forms are PostgreSQL's `to_json`: numbers are JSON numbers, whatever JSON has no form for is text as PostgreSQL
prints it. Formats are of the OpenAPI registry (https://spec.openapis.org/registry/format/); where PostgreSQL's
spelling is not the format's (an interval, a time with a zone), none is named.
"""

import re
from typing import Any

from mainstay.core.catalog import ColumnType, Kind

Schema = dict[str, Any]

LENGTH = re.compile(r"\b(?:VARCHAR|CHAR|CHARACTER|CHARACTER VARYING|BPCHAR)\((\d+)\)", re.IGNORECASE)
INTEGERS = {"SMALLINT": "int16", "INTEGER": "int32", "BIGINT": "int64"}
ZONED = "WITH TIME ZONE"

EXAMPLES: dict[Kind, Any] = {
    Kind.BOOLEAN: True,
    Kind.INTEGER: 1,
    Kind.NUMERIC: 9.99,
    Kind.FLOAT: 0.5,
    Kind.TEXT: "text",
    Kind.DATE: "2026-01-31",
    Kind.TIME: "12:30:00",
    Kind.INTERVAL: "02:30:00",
    Kind.UUID: "6f2c1b9e-3a57-4a0d-9f0e-0d6c2f5b7a11",
    Kind.JSON: {"key": "value"},
    Kind.BINARY: "\\x00ff",
    Kind.RANGE: "[1,5)",
    Kind.VECTOR: "[1,2,3]",
    Kind.TEXT_SEARCH: "'word':1",
    Kind.OTHER: "text",
    Kind.VOID: None,
}


def type_schema(column: ColumnType, *, nullable: bool) -> Schema:
    """The schema of a value of the type. JSON, and a type that nothing is known of, may be anything."""
    schema = _plain(column)
    if nullable and "type" in schema:
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema


def _plain(column: ColumnType) -> Schema:  # noqa: PLR0912 - one line for each kind
    match column.kind:
        case Kind.BOOLEAN:
            return {"type": "boolean"}
        case Kind.INTEGER:
            return _formatted("integer", INTEGERS.get(column.name.upper()))
        case Kind.NUMERIC:
            return {"type": "number"}
        case Kind.FLOAT:
            return _formatted("number", "float" if column.name.upper() == "REAL" else "double")
        case Kind.DATE:
            return _formatted("string", "date")
        case Kind.TIME:
            return _formatted("string", None if ZONED in column.name.upper() else "time-local")
        case Kind.TIMESTAMP:
            return _formatted("string", "date-time" if ZONED in column.name.upper() else "date-time-local")
        case Kind.UUID:
            return _formatted("string", "uuid")
        case Kind.ARRAY:
            return {"type": "array", "items": _plain(column.element) if column.element else {}}
        case Kind.JSON | Kind.OTHER | Kind.VOID:
            return {}
        case Kind.COMPOSITE:
            return {"type": "object", "properties": {name: _plain(member) for name, member in column.members}}
        case Kind.TEXT | Kind.ENUM | Kind.CHOICE:
            return _text(column)
        case Kind.INTERVAL | Kind.BINARY | Kind.RANGE | Kind.VECTOR | Kind.TEXT_SEARCH:
            return {"type": "string"}


def _formatted(kind: str, format_: str | None) -> Schema:
    return {"type": kind, "format": format_} if format_ else {"type": kind}


def _text(column: ColumnType) -> Schema:
    if column.labels:
        return {"type": "string", "enum": list(column.labels)}
    length = LENGTH.search(column.declared)
    return {"type": "string", "maxLength": int(length.group(1))} if length else {"type": "string"}


def type_example(column: ColumnType) -> Any:
    """A value as a body has it, of a form that the type reads."""
    if column.labels:
        return column.labels[0]
    match column.kind:
        case Kind.ARRAY:
            return [type_example(column.element)] if column.element else []
        case Kind.TIMESTAMP:
            return "2026-01-31T12:30:00+00:00" if ZONED in column.name.upper() else "2026-01-31T12:30:00"
        case Kind.COMPOSITE:
            return {name: type_example(member) for name, member in column.members}
        case Kind.TEXT:
            return EXAMPLES[Kind.TEXT][: _text(column).get("maxLength")]
        case _:
            return EXAMPLES[column.kind]
