"""Shows nouns to a person: only what differs from the default, tables by their names, one line where it fits."""

import dataclasses
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any

import msgspec

from mainstay.core.catalog import Relation, Table, TableKey

WIDTH = 100


def render(value: Any, indent: int = 0) -> str:
    """The value as text, its later lines indented by `indent` spaces."""
    flat = _flat(value)
    if indent + len(flat) <= WIDTH and "\n" not in flat:
        return flat
    opening, items, closing = _parts(value)
    if not items:
        return flat
    inner = indent + 2
    lines = [f"{' ' * inner}{label}{render(item, inner)}" for label, item in items]
    return "\n".join([opening, *lines, f"{' ' * indent}{closing}"])


def section(title: str, body: str) -> None:
    """Print a titled part of an answer."""
    print(f"-- {title}\n{body}\n")


def table(rows: Iterable[tuple[str, ...]], indent: int = 2) -> str:
    """Rows of text in columns."""
    listed = list(rows)
    widths = [max(len(cell) for cell in column) for column in zip(*listed, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in listed)
    return "\n".join(" " * indent + line for line in lines)


def _flat(value: Any) -> str:
    opening, items, closing = _parts(value)
    return opening + ", ".join(f"{label}{_flat(item)}" for label, item in items) + closing


def _parts(value: Any) -> tuple[str, list[tuple[str, Any]], str]:
    """What opens the value, its labelled members, what closes it; a leaf is all opening."""
    match value:
        case Table():
            return str(value.key), [], ""
        case TableKey():
            return str(value), [], ""
        case Relation():
            return f"{value.source.name}.{value.name or value.constraint} -> {value.target}", [], ""
        case Enum():
            return value.name, [], ""
        case msgspec.Struct():
            return f"{type(value).__name__}(", _fields(value), ")"
        case tuple() | list() | frozenset() | set():
            ordered = sorted(value, key=repr) if isinstance(value, frozenset | set) else value
            return "[", [("", item) for item in ordered], "]"
        case Mapping():
            return "{", [(f"{key}: ", item) for key, item in value.items()], "}"
        case _ if dataclasses.is_dataclass(value) or not isinstance(value, str | int | float | bool | bytes | None):
            return f"<{type(value).__name__}>", [], ""
        case _:
            return repr(value), [], ""


def _fields(value: msgspec.Struct) -> list[tuple[str, Any]]:
    fields = []
    for field in msgspec.structs.fields(value):
        item = getattr(value, field.name)
        factory = field.default_factory
        default = factory() if callable(factory) else field.default
        if default is msgspec.NODEFAULT or item != default:
            fields.append((f"{field.name}=", item))
    return fields
