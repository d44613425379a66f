"""Requests' texts as the values that SQLAlchemy's types keep in SQLite, and its floats as PostgreSQL writes them.

What a text means, and what is refused, is what PostgreSQL's input functions say of it, in their words.
https://www.postgresql.org/docs/current/datatype.html
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from uuid import UUID

import msgspec

from mainstay.core.catalog import Kind
from mainstay.core.problem import Refusal
from mainstay.core.statement import Bind

Value = str | int | float | bytes | None

INTEGER = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
INTEGER_MAX = 2**63 - 1
TRUE = frozenset({"t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"})
FALSE = frozenset({"f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"})
HEX = re.compile(r"\\x(?:[0-9a-fA-F]{2})*")


def value_of(bind: Bind, text: str | None) -> Value:
    """What is sent for the bind. Raises Refusal as PostgreSQL would refuse the text."""
    if text is None:
        return None
    if bind.record is not None:
        return _records(text, bind.record)
    read = READERS[bind.kind or Kind.TEXT]
    if not bind.many:
        return read(text)
    items = msgspec.json.decode(text, type=list[str])
    return msgspec.json.encode([read(item) for item in items]).decode()


def _records(text: str, members: Sequence[tuple[str, Kind]]) -> str:
    """A payload's objects as arrays: of the members' values, and of whether each is there."""
    payload = msgspec.json.decode(text)
    rows = payload if isinstance(payload, list) else [payload]
    made = [
        ([_member(row.get(name), kind) for name, kind in members], [int(name in row) for name, _ in members])
        for row in rows
    ]
    return msgspec.json.encode(made).decode()


def _member(value: object, kind: Kind) -> Value:
    """A member's value as the column keeps it; PostgreSQL reads what is no text by its JSON."""
    if value is None:
        return None
    text = value if isinstance(value, str) and kind is not Kind.JSON else msgspec.json.encode(value).decode()
    return READERS[kind](text)


def float_text(value: object) -> str | None:
    """The shortest text that is read as the same number: https://www.postgresql.org/docs/current/datatype-numeric.html"""
    if value is None:
        return None
    if not isinstance(value, int | float):
        return msgspec.json.encode(str(value)).decode()
    text = repr(float(value))
    if text in {"nan", "inf", "-inf"}:
        return {"nan": '"NaN"', "inf": '"Infinity"', "-inf": '"-Infinity"'}[text]
    return text.removesuffix(".0")


def is_like(value: object, pattern: object) -> bool | None:
    """PostgreSQL's ILIKE: whatever the case of letters, of which SQLite's own LIKE knows ASCII alone."""
    if value is None or pattern is None:
        return None
    return _expression(str(pattern)).fullmatch(str(value)) is not None


@lru_cache(1_000)
def _expression(pattern: str) -> re.Pattern[str]:
    parts = re.findall(r"\\.|%|_|[^%_\\]+|\\", pattern, re.DOTALL)
    words = {"%": ".*", "_": "."}
    made = (words.get(part) or re.escape(part.removeprefix("\\") if len(part) == 2 else part) for part in parts)
    return re.compile("".join(made), re.IGNORECASE | re.DOTALL)


def _refused(kind: str, text: str) -> Refusal:
    return Refusal("22P02", f'invalid input syntax for type {kind}: "{text}"')


def _integer(text: str) -> int:
    if not INTEGER.fullmatch(text):
        raise _refused("bigint", text)
    number = int(text)
    if not -INTEGER_MAX - 1 <= number <= INTEGER_MAX:
        raise Refusal("22003", f'value "{text}" is out of range for type bigint')
    return number


def _numeric(text: str) -> int | float:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise _refused("numeric", text) from None
    if number.is_finite() and number == number.to_integral_value() and abs(number) <= INTEGER_MAX:
        return int(number)
    return float(number)


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise _refused("double precision", text) from None


def _boolean(text: str) -> int:
    word = text.strip().lower()
    if word in TRUE:
        return 1
    if word in FALSE:
        return 0
    raise _refused("boolean", text)


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text.strip()[:10]).isoformat()
    except ValueError:
        raise Refusal("22007", f'invalid input syntax for type date: "{text}"') from None


def _timestamp(text: str) -> str:
    """In UTC, and with all six digits of a fraction, or it would not compare."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refusal("22007", f'invalid input syntax for type timestamp: "{text}"') from None
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def _time(text: str) -> str:
    try:
        return time.fromisoformat(text.strip()).strftime("%H:%M:%S.%f")
    except ValueError:
        raise Refusal("22007", f'invalid input syntax for type time: "{text}"') from None


def _uuid(text: str) -> str:
    try:
        return UUID(text.strip()).hex
    except ValueError:
        raise _refused("uuid", text) from None


def _json(text: str) -> str:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise Refusal("22P02", "invalid input syntax for type json") from None
    return text


def _binary(text: str) -> bytes:
    return bytes.fromhex(text[2:]) if HEX.fullmatch(text) else text.encode()


def _text(text: str) -> str:
    return text


READERS: dict[Kind, Callable[[str], Value]] = {
    Kind.INTEGER: _integer,
    Kind.NUMERIC: _numeric,
    Kind.FLOAT: _float,
    Kind.BOOLEAN: _boolean,
    Kind.DATE: _date,
    Kind.TIMESTAMP: _timestamp,
    Kind.TIME: _time,
    Kind.UUID: _uuid,
    Kind.JSON: _json,
    Kind.BINARY: _binary,
    Kind.TEXT: _text,
    Kind.ENUM: _text,
    Kind.CHOICE: _text,
}
