"""Reads the arguments of a call: query parameters that are no filters, a form, members of a JSON object, a whole body.

Which names the function has is for the plan to say; here a parameter is a filter where its value begins with an
operator, as in PostgREST. Never reads a value.
"""

from collections.abc import Iterable
from urllib.parse import parse_qsl

import msgspec

from mainstay.core.limits import Limits
from mainstay.core.operation import Body, BodyKind, Given
from mainstay.core.problem import Problem
from mainstay.wires.rest.filter import OPERATION, OPERATORS, Slots
from mainstay.wires.rest.payload import read_payload
from mainstay.wires.rest.query import LAST, WHOLE, Parameter, last_word

FORM = "application/x-www-form-urlencoded"
RAW = {
    "text/plain": BodyKind.TEXT,
    "text/xml": BodyKind.XML,
    "application/octet-stream": BodyKind.BINARY,
}
MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
ELEMENTS = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])


def part(parameters: Iterable[Parameter]) -> tuple[list[Parameter], list[Parameter]]:
    """The parameters that are arguments, and those that say something about the rows that come back."""
    arguments: list[Parameter] = []
    others: list[Parameter] = []
    for parameter in parameters:
        (arguments if _is_argument(*parameter) else others).append(parameter)
    return arguments, others


def _is_argument(name: str, value: str) -> bool:
    if "." in name or name in WHOLE or last_word(name) in LAST:
        return False
    found = OPERATION.match(value)
    return found is None or found.group(2) not in OPERATORS


def take_given(parameters: Iterable[Parameter], slots: Slots) -> tuple[Given, ...]:
    """The arguments by their names, in the order of the alphabet. Raises MS442 for too many values of one name."""
    values: dict[str, list[str]] = {}
    for name, value in parameters:
        values.setdefault(name, []).append(value)
    return tuple(_give(name, values[name], slots) for name in sorted(values))


def _give(name: str, values: list[str], slots: Slots) -> Given:
    if len(values) > slots.limits.list_max:
        raise Problem(
            "MS442",
            "The request gives an argument too many values",
            details=f"At most {slots.limits.list_max} values of one argument are allowed",
            where=name,
        )
    last = slots.add(values[-1]).index
    return Given(name, last, slots.add_list(tuple(values)).index if len(values) > 1 else None)


def read_form(body: bytes) -> list[Parameter]:
    """The fields of a form, which may come more than once. Raises PGRST102."""
    try:
        text = body.decode()
        return parse_qsl(text, keep_blank_values=True, strict_parsing=bool(text), errors="strict")
    except ValueError as error:
        raise Problem("PGRST102", "The body is not a form", details=str(error), where="body") from error


def media_of(content_type: str | None) -> str:
    return (content_type or "application/json").partition(";")[0].strip().lower()


def read_body(body: bytes, media: str, columns: tuple[str, ...] | None, slots: Slots) -> Body:
    """The body of a call, its text in a slot. `columns` are the members to take, None for all. Raises PGRST102."""
    if media in RAW:
        return Body(RAW[media], slots.add(_raw(body, RAW[media])).index)
    if media == "application/json":
        return _read_json(body, columns, slots)
    payload = read_payload(body, media, Limits().insert_rows_max)
    value = slots.add(payload.text).index
    names = payload.columns if columns is None else columns
    return Body(BodyKind.CSV, value, tuple(sorted(names)), array=True, named=payload.rows == 1)


def _raw(body: bytes, kind: BodyKind) -> str:
    return f"\\x{body.hex()}" if kind is BodyKind.BINARY else _text(body)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Problem("PGRST102", "The body is not UTF-8", where="body") from error


def _read_json(body: bytes, columns: tuple[str, ...] | None, slots: Slots) -> Body:
    """Nothing is an object without members. Any JSON may be the value of an unnamed parameter."""
    text = _text(body) if body.strip() else "{}"
    value = slots.add(text).index
    objects = _objects(text)
    members = objects[0] if objects else {}
    names = tuple(sorted(members if columns is None else columns))
    is_array = text.lstrip().startswith("[")
    return Body(BodyKind.JSON, value, names, array=is_array, named=objects is not None and len(objects) == 1)


def _objects(text: str) -> list[dict[str, msgspec.Raw]] | None:
    """The objects of a JSON text; None where it is anything else. Raises PGRST102 where it is no JSON."""
    try:
        if text.lstrip().startswith("{"):
            return [MEMBERS.decode(text)]
        try:
            return ELEMENTS.decode(text)
        except msgspec.ValidationError:
            msgspec.json.decode(text)
            return None
    except (msgspec.DecodeError, RecursionError) as error:
        raise Problem("PGRST102", "Empty or invalid json", where="body") from error
