"""Reads `order=`: fields, directions, where nulls go, and fields of to-one embeds. Never looks a name up."""

from typing import TypeVar

from mainstay.core.condition import Field
from mainstay.core.operation import Nulls, Order
from mainstay.wires.rest.scan import Scanner, read_field, read_name, read_path

Word = TypeVar("Word")

DIRECTIONS = {".asc": False, ".desc": True}
NULLS = {".nullsfirst": Nulls.FIRST, ".nullslast": Nulls.LAST}


def parse_order(text: str, where: str) -> tuple[Order, ...]:
    """The sort keys of `a.desc.nullslast,embed(b),data->>c`. Raises PGRST100."""
    scanner = Scanner(text, "order", where)
    keys = [_read_key(scanner)]
    while scanner.take(","):
        keys.append(_read_key(scanner))
    return tuple(keys)


def _read_key(scanner: Scanner) -> Order:
    scanner.skip_spaces()
    name = read_name(scanner)
    relation = None
    if scanner.take("("):
        relation, field = name, read_field(scanner)
        if not scanner.take(")"):
            scanner.fail('letter, digit, "-", "->>", "->" or ")"')
    else:
        field = Field(name, read_path(scanner))
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
