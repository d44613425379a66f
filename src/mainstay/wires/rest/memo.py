"""Remembers how requests of one form were parsed, so that the next of that form costs one lookup.

A query string is taken apart into a skeleton (everything that the parse depends on) and the values of its plain
filters, which only fill slots. What is remembered holds no request's values. Never guesses: a query string with any
other kind of value is parsed anew.
"""

from collections import OrderedDict
from typing import NamedTuple

from mainstay.core.problem import Problem
from mainstay.wires.rest.call import Call
from mainstay.wires.rest.filter import PATTERNS, pattern
from mainstay.wires.rest.page import DIGITS_MAX
from mainstay.wires.rest.query import LAST, LOGIC, WHOLE, decode, last_word

PLAIN = frozenset({"eq", "neq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch"})
"""Operators whose value is one text, and is all that the parse makes of it."""

SKELETON_MAX = 2_048
"""Characters of a skeleton; longer ones are not remembered."""


class Skeleton(NamedTuple):
    text: str
    values: tuple[str, ...]


def take_apart(query: str) -> Skeleton | None:
    """The skeleton and its values, in the order in which the parser numbers them; None where there is none."""
    if not query:
        return Skeleton("", ())
    if not query.isascii():
        return None
    parts: list[str] = []
    values: list[str] = []
    try:
        for part in query.split("&"):
            name, _, value = part.partition("=")
            kept = _take_value(name, value, values)
            if kept is None:
                return None
            parts.append(kept or part)
    except Problem:
        return None
    text = "&".join(parts)
    return Skeleton(text, tuple(values)) if len(text) < SKELETON_MAX else None


def _take_value(name: str, value: str, values: list[str]) -> str | None:
    """What stays of one parameter once its value went to `values`: empty, the whole of it; None, can't be said."""
    if "%" in name or "+" in name:
        name, spelt = decode(name), name
    else:
        spelt = name
    last = last_word(name)
    if name in WHOLE or last in LAST:
        return _take_reserved(name, last, value, values)
    operator, dot, text = value.partition(".")
    head = operator
    if operator == "not":
        operator, dot, text = text.partition(".")
        head = f"not.{operator}"
    if not dot or operator not in PLAIN:
        return None
    if "%" in text or "+" in text:
        text = decode(text)
    values.append(pattern(text) if operator in PATTERNS else text)
    return f"{spelt}={head}."


def _take_reserved(name: str, last: str, value: str, values: list[str]) -> str | None:
    if last in LOGIC:
        return None
    if name == "offset" and value.isdigit() and value[0] != "0" and len(value) <= DIGITS_MAX:
        values.append(value)
        return "offset="
    return ""


class Memo:
    """Calls by what they were parsed from, at most `size`, the least recently used out first."""

    __slots__ = ("_calls", "_size")

    def __init__(self, size: int) -> None:
        self._calls: OrderedDict[object, Call] = OrderedDict()
        self._size = size

    def __len__(self) -> int:
        return len(self._calls)

    def get(self, key: object) -> Call | None:
        call = self._calls.get(key)
        if call is not None:
            self._calls.move_to_end(key)
        return call

    def put(self, key: object, call: Call) -> None:
        self._calls[key] = call
        if len(self._calls) > self._size:
            self._calls.popitem(last=False)
