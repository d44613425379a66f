"""Reads PostgREST's small grammar of names: quoted and bare names, JSON paths, casts; and says where reading failed.

Every other parser of this wire reads through a `Scanner`. Reading is linear in the text: each pattern is possessive, or
can go on in one way alone, and nothing is tried twice. Never looks a name up.
"""

import re
from typing import NoReturn

from mainstay.core.condition import Field, Step
from mainstay.core.problem import Problem

NAME_EXPECTED = "field name (* or [a..z0..9_$])"
JSON_KEY_EXPECTED = '"-", digit or any non reserved character different from: .,>()'
NO_NUL = "any character but NUL"
JSON_INDEX_END = 'digit, "->", "::", ".", "," or end of input'

# No group is repeated possessively: Python before 3.11.5 reads that wrongly (github.com/python/cpython/issues/106052).
SPACES = re.compile(r"[ \t]*+")
NAME = re.compile(r"[\w $]++(?:-(?!>)[\w $]++)*")
QUOTED = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*)"', re.DOTALL)
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
IDENTIFIER = re.compile(r"[\w $]++")
JSON_INDEX = re.compile(r"-?[0-9]++(?=->|::|[.,)]|\Z)")
JSON_DIGITS = re.compile(r"-?[0-9]*+")
JSON_KEY = re.compile(r"[^(\-:.,>)]++(?:-(?!>)[^(\-:.,>)]++)*")

JSON_INDEX_MAX = 2**31 - 1
"""PostgreSQL indexes JSON arrays with an int4."""

STEPS_MAX = 32
"""Arrows of one JSON path, each of which nests the SQL once more."""


def failed(what: str, text: str, position: int, expecting: str, where: str) -> Problem:
    """PGRST100, worded as PostgREST words it: what failed, in which text, at which column, what was expected."""
    if position >= len(text):
        unexpected = "end of input"
    elif expecting.endswith("end of input"):
        unexpected = f"'{text[position]}'"
    else:
        unexpected = f'"{text[position]}"'
    return Problem(
        "PGRST100",
        f'"failed to parse {what} ({text})" (line 1, column {position + 1})',
        details=f"unexpected {unexpected} expecting {expecting}",
        where=where,
    )


def too_deep(depth_max: int, where: str) -> Problem:
    """MS403: more levels of embeds, of nested conditions or of a JSON path than are allowed."""
    return Problem(
        "MS403",
        "The request nests too deep",
        details=f"At most {depth_max} levels are allowed",
        where=where,
    )


class Scanner:
    """A text and how far it has been read. `what` and `where` name it in problems."""

    __slots__ = ("position", "text", "what", "where")

    def __init__(self, text: str, what: str, where: str) -> None:
        self.text = text
        self.position = 0
        self.what = what
        self.where = where

    def fail(self, expecting: str, at: int | None = None) -> NoReturn:
        """Raises PGRST100 at the position."""
        raise failed(self.what, self.text, self.position if at is None else at, expecting, self.where)

    def match(self, pattern: re.Pattern[str]) -> str | None:
        """What `pattern` matches here, stepping over it."""
        found = pattern.match(self.text, self.position)
        if found is None:
            return None
        self.position = found.end()
        return found.group()

    def take(self, literal: str) -> bool:
        """True, stepping over it, where `literal` is next."""
        if not self.text.startswith(literal, self.position):
            return False
        self.position += len(literal)
        return True

    def next_is(self, characters: str) -> bool:
        """True at the end of the text, and before one of `characters`."""
        return self.position >= len(self.text) or self.text[self.position] in characters

    def ended(self) -> bool:
        return self.position >= len(self.text)

    def skip_spaces(self) -> None:
        self.match(SPACES)


def unescape(quoted: str) -> str:
    """The inside of a quoted text without its backslashes: `\\x` is `x`, whatever x is."""
    return ESCAPED.sub(r"\1", quoted) if "\\" in quoted else quoted


def read_quoted(scanner: Scanner) -> str | None:
    """A text in double quotes, or None where none is, or it never closes."""
    found = QUOTED.match(scanner.text, scanner.position)
    if found is None:
        return None
    scanner.position = found.end()
    return unescape(found.group(1))


def read_name(scanner: Scanner) -> str:
    """A name: quoted, or letters, digits, `_`, `$`, inner spaces and dashes. Never empty."""
    start = scanner.position
    if scanner.text.startswith('"', start):
        name = read_quoted(scanner)
        if name is None:
            scanner.fail('"\\"" that closes the quoted name', at=len(scanner.text))
    else:
        found = scanner.match(NAME)
        name = _strip_parts(found) if found is not None else ""
    if not name:
        scanner.fail(NAME_EXPECTED, at=start)
    return _without_nul(name, scanner, start)


def _without_nul(name: str, scanner: Scanner, start: int) -> str:
    """The name; a NUL in it would end the statement's text in PostgreSQL's eyes."""
    return name if "\0" not in name else scanner.fail(NO_NUL, at=scanner.text.index("\0", start))


def _strip_parts(text: str) -> str:
    """PostgREST trims each run between dashes."""
    if "-" not in text:
        return text.strip()
    return "-".join(part.strip() for part in text.split("-"))


def read_cast(scanner: Scanner) -> str | None:
    """`::type`, or None where no cast is next."""
    if not scanner.take("::"):
        return None
    found = scanner.match(IDENTIFIER)
    name = found.strip() if found is not None else ""
    if not name:
        scanner.fail("letter or digit")
    return name


def read_path(scanner: Scanner) -> tuple[Step, ...]:
    """The arrows after a column: `->key`, `->0`, `->>last`; none is the empty path. Raises MS403 past STEPS_MAX."""
    steps: list[Step] = []
    while scanner.take("->"):
        if len(steps) == STEPS_MAX:
            raise too_deep(STEPS_MAX, scanner.where)
        text = scanner.take(">")
        steps.append(Step(_read_operand(scanner), text))
    return tuple(steps)


def _read_operand(scanner: Scanner) -> str | int:
    start = scanner.position
    index = scanner.match(JSON_INDEX)
    if index is not None:
        if len(index) > 11 or abs(int(index)) > JSON_INDEX_MAX:
            scanner.fail("an index that fits into an integer", at=start)
        return int(index)
    if scanner.text.startswith('"', start):
        key = read_quoted(scanner)
    elif scanner.text.startswith("-", start):
        digits = scanner.match(JSON_DIGITS) or ""
        scanner.fail(JSON_INDEX_END if len(digits) > 1 else "digit")
    else:
        found = scanner.match(JSON_KEY)
        key = _strip_parts(found) if found is not None else None
    if not key:
        scanner.fail(JSON_KEY_EXPECTED, at=start)
    return _without_nul(key, scanner, start)


def read_field(scanner: Scanner) -> Field:
    """A column with its JSON path, spaces around it skipped."""
    scanner.skip_spaces()
    name = read_name(scanner)
    path = read_path(scanner)
    scanner.skip_spaces()
    return Field(name, path)


def read_names(text: str, what: str, where: str) -> tuple[str, ...]:
    """A comma-separated list of names, each once, in order: what `columns` and `on_conflict` hold."""
    scanner = Scanner(text, what, where)
    names = [_read_listed(scanner)]
    while scanner.take(","):
        names.append(_read_listed(scanner))
    if not scanner.ended():
        scanner.fail('letter, digit, "-", "," or end of input')
    return tuple(dict.fromkeys(names))


def _read_listed(scanner: Scanner) -> str:
    scanner.skip_spaces()
    name = read_name(scanner)
    scanner.skip_spaces()
    return name


def read_tree_path(text: str) -> tuple[tuple[str, ...], Field]:
    """A parameter's name: the embeds on the way, and the field at its end, such as `actors.data->>name`."""
    scanner = Scanner(text, "tree path", text)
    names = [read_name(scanner)]
    while scanner.take("."):
        names.append(read_name(scanner))
    path = read_path(scanner)
    if not scanner.ended():
        scanner.fail('letter, digit, "-", "->>", "->", delimiter (.) or end of input')
    return tuple(names[:-1]), Field(names[-1], path)
