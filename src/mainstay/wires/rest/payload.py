"""Reads a write's body just far enough to know its keys; the body's own text travels on.

JSON as it was sent; CSV and forms, which are not JSON, are written anew as JSON objects of texts. Never reads a value.
"""

import csv
import io
from typing import NamedTuple
from urllib.parse import parse_qsl

import msgspec

from mainstay.core.problem import Problem

EMPTY_OR_INVALID = "Empty or invalid json"
KEYS_DIFFER = "All object keys must match"
LINES_DIFFER = "All lines must have same number of fields"

OBJECTS = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
WHITESPACE = b" \t\r\n"


class Payload(NamedTuple):
    """JSON text of an array of objects, or with `single` of one. `columns` are the first object's keys, in order."""

    text: str
    columns: tuple[str, ...]
    single: bool
    rows: int


def _refused(message: str, details: str | None = None, hint: str | None = None) -> Problem:
    return Problem("PGRST102", message, details=details, hint=hint, where="body")


def read_payload(body: bytes, content_type: str | None, rows_max: int, *, uniform: bool = True) -> Payload:
    """The payload of a body. `uniform`: all objects must have the same keys.

    Raises PGRST102 where the body is not of its type, MS444 past `rows_max` objects.
    """
    match (content_type or "application/json").partition(";")[0].strip().lower():
        case "application/json":
            return _read_json(body, rows_max, uniform=uniform)
        case "text/csv":
            return _read_csv(_decode(body), rows_max)
        case "application/x-www-form-urlencoded":
            return _read_form(_decode(body))
        case other:
            raise _refused(
                f"Content-Type not acceptable: {other}",
                hint="Send application/json, text/csv or application/x-www-form-urlencoded.",
            )


def _decode(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise _refused("The body is not UTF-8") from error


def _read_json(body: bytes, rows_max: int, *, uniform: bool) -> Payload:
    first = body.lstrip(WHITESPACE)[:1]
    try:
        text = body.decode()
        if first == b"{":
            return Payload(text, tuple(OBJECT.decode(body)), True, 1)
        if first != b"[":
            msgspec.json.decode(body)
            raise _refused("The body must be an object or an array of objects")
        objects = OBJECTS.decode(body)
    except msgspec.ValidationError as error:
        raise _refused(KEYS_DIFFER) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _refused(EMPTY_OR_INVALID) from error
    _check_rows(len(objects), rows_max)
    keys = objects[0].keys() if objects else ()
    if uniform and any(one.keys() != keys for one in objects):
        raise _refused(KEYS_DIFFER)
    return Payload(text, tuple(keys), False, len(objects))


def _check_rows(rows: int, rows_max: int) -> None:
    if rows > rows_max:
        raise Problem(
            "MS444",
            "The request inserts too many rows",
            details=f"At most {rows_max} rows are allowed, and there are {rows}",
            where="body",
        )


def _read_csv(text: str, rows_max: int) -> Payload:
    """The first line names the columns; NULL, unquoted or not, is null."""
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), strict=True) if line]
    except csv.Error as error:
        raise _refused("The body is not CSV", str(error)) from error
    if not lines:
        raise _refused("The body is not CSV", "There is no line of column names")
    header, *records = lines
    if len(set(header)) != len(header):
        raise _refused("The body is not CSV", "A column is named twice")
    if any(len(record) != len(header) for record in records):
        raise _refused(LINES_DIFFER)
    _check_rows(len(records), rows_max)
    objects = [
        {name: None if value == "NULL" else value for name, value in zip(header, record, strict=True)}
        for record in records
    ]
    return Payload(msgspec.json.encode(objects).decode(), tuple(header), False, len(records))


def _read_form(text: str) -> Payload:
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict")
    except ValueError as error:
        raise _refused("The body is not a form", str(error)) from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _refused("The body is not a form", "A field came twice")
    return Payload(msgspec.json.encode(fields).decode(), tuple(fields), True, 1)


def only_object(payload: Payload) -> Payload:
    """The payload as one object, for PATCH and PUT: an array may hold one, and an empty array changes nothing.

    Raises PGRST102 where there are several: which one is meant can't be known.
    """
    if payload.single:
        return payload
    if payload.rows > 1:
        raise _refused("The body must hold one object", f"It holds {payload.rows}")
    elements = ELEMENTS.decode(payload.text)
    return Payload(bytes(elements[0]).decode() if elements else "{}", payload.columns, True, 1)
