"""Reads `order=`: fields, directions, where nulls go, and fields of to-one embeds. Never looks a name up."""

import re
from typing import TypeVar

from mainstay.core.condition import TRUE, Aggregation, Field, Through
from mainstay.core.operation import Nulls, Order
from mainstay.wires.rest.filter import NAMED, RELATED_AGGREGATE, Slots, read_aggregate, read_filtered
from mainstay.wires.rest.scan import NAME, QUOTED, Scanner, read_field, read_name, read_path

Word = TypeVar("Word")

RELATION = re.compile(rf"(?:{QUOTED.pattern}|{NAME.pattern})(?:!(?:{QUOTED.pattern}|{NAME.pattern}))?\.", re.DOTALL)
TOTAL = re.compile(rf"(?:{NAMED}\.)?(?:count|sum|avg|min|max)\(\)", re.DOTALL)
DIRECTIONS = {".asc": False, ".desc": True}
NULLS = {".nullsfirst": Nulls.FIRST, ".nullslast": Nulls.LAST}


def parse_order(text: str, where: str, slots: Slots) -> tuple[Order, ...]:
    """The sort keys of `a.desc.nullslast,embed(b),data->>c`. Raises PGRST100."""
    scanner = Scanner(text, "order", where)
    keys = [_read_key(scanner, slots)]
    while scanner.take(","):
        keys.append(_read_key(scanner, slots))
    return tuple(keys)


def _read_key(scanner: Scanner, slots: Slots) -> Order:
    scanner.skip_spaces()
    if (aggregation := _read_aggregation(scanner, slots)) is not None:
        return _read_direction(scanner, aggregation, None)
    name = read_name(scanner)
    relation = None
    if scanner.take("("):
        relation, field = name, read_field(scanner)
        if not scanner.take(")"):
            scanner.fail('letter, digit, "-", "->>", "->" or ")"')
    else:
        field = Field(name, read_path(scanner))
    return _read_direction(scanner, field, relation)


def _read_aggregation(scanner: Scanner, slots: Slots) -> Aggregation | None:
    """`relation.count()`, `relation.column.max()`, or of a group `count()`, `column.max()`; None where none is next."""
    found = RELATION.match(scanner.text, scanner.position)
    of = None
    if found is not None and RELATED_AGGREGATE.match(scanner.text, found.end()):
        name = read_name(scanner)
        of = Through(name, TRUE, read_name(scanner) if scanner.take("!") else None)
        scanner.take(".")
    elif TOTAL.match(scanner.text, scanner.position) is None:
        return None
    return read_filtered(scanner, read_aggregate(scanner, of, slots), slots)


def _read_direction(scanner: Scanner, field: Field | Aggregation, relation: str | None) -> Order:
    scanner.skip_spaces()
    descending = _take_word(scanner, DIRECTIONS)
    nulls = _take_word(scanner, NULLS)
    scanner.skip_spaces()
    if not scanner.next_is(","):
        _fail(scanner, directed=descending is not None, placed=nulls is not None)
    return Order(field, descending or False, nulls or Nulls.DEFAULT, relation)


def _take_word(scanner: Scanner, words: dict[str, Word]) -> Word | None:
    for word, meaning in words.items():
        if scanner.take(word):
            return meaning
    return None


def _fail(scanner: Scanner, *, directed: bool, placed: bool) -> None:
    if placed:
        scanner.fail('"," or end of input')
    if not scanner.take("."):
        scanner.fail('delimiter (.), "," or end of input')
    scanner.fail('"nullsfirst" or "nullslast"' if directed else '"asc", "desc", "nullsfirst" or "nullslast"')
