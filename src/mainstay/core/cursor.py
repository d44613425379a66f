"""Cursors: where in an order a row stands, as opaque text that a client hands back.

A cursor is a row's sort values, which its reader may see anyway, and a mark of the order that they are of: base64url
of JSON. It is checked, not trusted.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Any

import msgspec

from mainstay.core.operation import Order, TableRef

encode = msgspec.json.Encoder().encode
decoder = msgspec.json.Decoder(tuple[str, list[str | None]])


def write_cursor(table: TableRef, order: tuple[Order, ...], values: Sequence[str | None]) -> str:
    return urlsafe_b64encode(encode((mark_of(table, order), values))).rstrip(b"=").decode()


def read_cursor(text: str, table: TableRef | None = None, order: tuple[Order, ...] = ()) -> list[str | None] | None:
    """The values; None where it is no cursor of this table and order, or without a table no cursor at all."""
    try:
        mark, values = decoder.decode(urlsafe_b64decode(_padded(text)))
    except (Error, ValueError, msgspec.DecodeError):
        return None
    return values if values and (table is None or mark == mark_of(table, order)) else None


def mark_of(table: TableRef, order: tuple[Order, ...]) -> str:
    """Short for a table and an order, the same in every process, and whatever else an order may come to say."""
    said = " ".join(_said((table, order)))
    return hashlib.blake2b(said.encode(), digest_size=6).hexdigest()


def _said(node: Any) -> Iterator[str]:
    """All but what is as it is where nothing is said."""
    match node:
        case tuple():
            yield "("
            for part in node:
                yield from _said(part)
            yield ")"
        case msgspec.Struct():
            yield type(node).__name__
            for field in msgspec.structs.fields(node):
                if (value := getattr(node, field.name)) != field.default:
                    yield field.name
                    yield from _said(value)
        case Enum():
            yield node.name
        case _:
            yield repr(node)


def _padded(text: str) -> bytes:
    return text.encode("ascii") + b"=" * (-len(text) % 4)
