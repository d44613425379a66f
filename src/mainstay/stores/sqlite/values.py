"""Requests' texts as the values that SQLAlchemy's types keep in SQLite, and its floats as PostgreSQL writes them.

What a text means, and what is refused, is what PostgreSQL's input functions say of it, in their words.
https://www.postgresql.org/docs/current/datatype.html
"""

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from functools import lru_cache
from uuid import UUID

import msgspec

from mainstay.core.catalog import Kind
from mainstay.core.problem import Refusal
from mainstay.core.statement import Bind, Member

Value = str | int | float | bytes | None

INTEGER = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
INTEGER_MAX = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
LENGTH = re.compile(r"^(?:VARCHAR|CHAR)\((\d+)\)")
SIZE = re.compile(r"\((\d+)(?:, *(\d+))?\)")
WIDE = Context(prec=200)
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
        return read(text, bind.type)
    items = msgspec.json.decode(text, type=list[str])
    return msgspec.json.encode([read(item, bind.type) for item in items]).decode()


def _records(text: str, members: Sequence[Member]) -> str:
    """A payload's objects as arrays: of the members' values, and of whether each is there."""
    payload = msgspec.json.decode(text)
    rows = payload if isinstance(payload, list) else [payload]
    made = [
        ([_kept(row.get(member.name), member) for member in members], [int(member.name in row) for member in members])
        for row in rows
    ]
    return msgspec.json.encode(made).decode()


def _kept(value: object, member: Member) -> Value:
    """A member's value as the column keeps it; PostgreSQL reads what is no text by its JSON."""
    if value is None:
        return None
    text = value if isinstance(value, str) and member.kind is not Kind.JSON else msgspec.json.encode(value).decode()
    if member.kind is Kind.NUMERIC:
        return _fitted(text, member.declared)
    read = READERS[member.kind](text, member.declared)
    length = LENGTH.search(member.declared)
    if member.kind is Kind.TEXT and length is not None and len(text.rstrip(" ")) > int(length[1]):
        raise Refusal("22001", f"value too long for type {member.declared.lower()}")
    return read


def _fitted(text: str, declared: str) -> Value:
    """A number as NUMERIC(10, 2) takes it: rounded behind its point, refused in front of it."""
    size = SIZE.search(declared)
    if size is None:
        return _numeric(text, declared)
    digits, places = int(size[1]), int(size[2] or 0)
    number = _decimal(text)
    if not number.is_finite():
        return _numeric(text, declared)
    rounded = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, WIDE)
    if abs(rounded) >= Decimal(10) ** (digits - places):
        raise Refusal("22003", "numeric field overflow")
    return _numeric(str(rounded), declared)


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


def _integer(text: str, type_name: str) -> int:
    name = type_name.lower() or "bigint"
    if not INTEGER.fullmatch(text):
        raise _refused(name, text)
    number, most = int(text), INTEGER_MAX.get(name, INTEGER_MAX["bigint"])
    if not -most - 1 <= number <= most:
        raise Refusal("22003", f'value "{text}" is out of range for type {name}')
    return number


def _decimal(text: str) -> Decimal:
    try:
        return Decimal(text.strip())
    except InvalidOperation:
        raise _refused("numeric", text) from None


def _numeric(text: str, _: str) -> int | float:
    number = _decimal(text)
    whole = number.is_finite() and abs(number) <= INTEGER_MAX["bigint"] and number == number.to_integral_value()
    return int(number) if whole else float(number)


def _float(text: str, _: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise _refused("double precision", text) from None
    if math.isinf(number) and "inf" not in text.lower():
        raise Refusal("22003", f'"{text}" is out of range for type double precision')
    return number


def _boolean(text: str, _: str) -> int:
    word = text.strip().lower()
    if word in TRUE:
        return 1
    if word in FALSE:
        return 0
    raise _refused("boolean", text)


def _date(text: str, _: str) -> str:
    try:
        return date.fromisoformat(text.strip()[:10]).isoformat()
    except ValueError:
        raise Refusal("22007", f'invalid input syntax for type date: "{text}"') from None


def _timestamp(text: str, type_name: str) -> str:
    """With all six digits of a fraction, or it would not compare. In UTC; a type without a zone drops it."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Refusal("22007", f'invalid input syntax for type timestamp: "{text}"') from None
    if moment.tzinfo is not None and "WITH TIME ZONE" in type_name.upper():
        try:
            moment = moment.astimezone(UTC)
        except OverflowError:
            raise Refusal("22008", f'timestamp out of range: "{text}"') from None
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def _time(text: str, _: str) -> str:
    try:
        return time.fromisoformat(text.strip()).replace(tzinfo=None).isoformat("microseconds")
    except ValueError:
        raise Refusal("22007", f'invalid input syntax for type time: "{text}"') from None


def _uuid(text: str, _: str) -> str:
    try:
        return UUID(text.strip()).hex
    except ValueError:
        raise _refused("uuid", text) from None


def _json(text: str, _: str) -> str:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise Refusal("22P02", "invalid input syntax for type json") from None
    return text


def _binary(text: str, _: str) -> bytes:
    return bytes.fromhex(text[2:]) if HEX.fullmatch(text) else text.encode()


def _text(text: str, _: str) -> str:
    if "\0" in text:
        raise Refusal("22021", 'invalid byte sequence for encoding "UTF8": 0x00')
    return text


READERS: dict[Kind, Callable[[str, str], Value]] = {
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
