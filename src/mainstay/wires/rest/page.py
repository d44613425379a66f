"""Reads how much is asked for: `limit`, `offset` and the `Range` header, of which the last two and the first meet."""

import re
from typing import NamedTuple

from mainstay.core.problem import Problem
from mainstay.wires.rest.scan import failed

RANGE = re.compile(r"([0-9]{1,18})-([0-9]{0,18})")
NUMBER = re.compile(r"[+-]?[0-9]++")
DIGITS_MAX = 18
"""Of a limit or an offset, so that it fits into PostgreSQL's bigint."""

NEGATIVE_LIMIT = "Limit should be greater than or equal to zero."
NEGATIVE_OFFSET = "Offset should be greater than or equal to zero."
UPSIDE_DOWN = "The lower boundary must be lower than or equal to the upper boundary in the Range header."


class Page(NamedTuple):
    """The rows asked for: `limit` None is all that there are."""

    limit: int | None = None
    offset: int = 0


def unsatisfiable(details: str) -> Problem:
    return Problem("PGRST103", "Requested range not satisfiable", details=details, where="range")


def parse_limit(text: str, where: str) -> int:
    """Raises PGRST100 where the text is no number, PGRST103 below zero."""
    return _parse_number(text, "limit", where, NEGATIVE_LIMIT)


def parse_offset(text: str, where: str) -> int:
    """Raises PGRST100 where the text is no number, PGRST103 below zero."""
    return _parse_number(text, "offset", where, NEGATIVE_OFFSET)


def _parse_number(text: str, what: str, where: str, negative: str) -> int:
    if NUMBER.fullmatch(text) is None or len(text) > DIGITS_MAX:
        raise failed(what, text, 0, f"a whole number of at most {DIGITS_MAX} digits", where)
    number = int(text)
    if number < 0:
        raise unsatisfiable(negative)
    return number


def parse_range(header: str) -> Page | None:
    """The page of `Range: 0-9` or `10-`. None where it is of another unit, and so to be ignored (RFC 9110, 14.2).

    Raises PGRST103 where it ends before it starts.
    """
    found = RANGE.fullmatch(header.strip())
    if found is None:
        return None
    lower = int(found.group(1))
    if not found.group(2):
        return Page(None, lower)
    upper = int(found.group(2))
    if upper < lower:
        raise unsatisfiable(UPSIDE_DOWN)
    return Page(upper - lower + 1, lower)


def meet(one: Page, other: Page) -> Page:
    """What both ask for. Raises PGRST103 where that is nothing, except that a limit of zero is always satisfied."""
    if 0 in (one.limit, other.limit):
        return Page(0, 0)
    lower = max(one.offset, other.offset)
    ends = [page.offset + page.limit for page in (one, other) if page.limit is not None]
    if not ends:
        return Page(None, lower)
    if min(ends) <= lower:
        raise unsatisfiable(NEGATIVE_LIMIT)
    return Page(min(ends) - lower, lower)
