"""Reads a URL's query string: every parameter finds its place, or the request is refused.

Parameters are read in order, and so are their values numbered; `memo` relies on that. Never looks a name up.
"""

from typing import NamedTuple
from urllib.parse import unquote

from mainstay.core.condition import TRUE, Condition, Field, both
from mainstay.core.limits import Limits
from mainstay.core.operation import Order, Star
from mainstay.core.problem import Problem
from mainstay.wires.rest.filter import Slots, parse_filter, parse_having, parse_logic, read_aggregate_path
from mainstay.wires.rest.order import parse_order
from mainstay.wires.rest.page import Page, meet, parse_limit, parse_offset
from mainstay.wires.rest.scan import NAME_EXPECTED, Scanner, failed, read_name, read_names, read_tree_path
from mainstay.wires.rest.select import Node, parse_select

WHOLE = frozenset({"select", "columns", "on_conflict"})
"""Parameters of the root alone."""

LAST = frozenset({"order", "limit", "offset", "and", "or"})
"""What the last word of a parameter's name means, at the root and, behind a path, in an embed."""

LOGIC = frozenset({"and", "or"})

Parameter = tuple[str, str]


class Query(NamedTuple):
    """The parsed query string. `root` holds the select tree; `offset` is the slot of the root's offset."""

    root: Node
    where: Condition
    order: tuple[Order, ...]
    page: Page
    offset: int | None
    paged: bool
    columns: tuple[str, ...] | None
    on_conflict: tuple[str, ...] | None
    after: str | None
    distinct: tuple[Field, ...] | None


def decode(text: str) -> str:
    """A percent-encoded text; `+` is a space. Raises PGRST100 where it is not UTF-8."""
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError as error:
        raise _not_utf8() from error


def _not_utf8() -> Problem:
    return Problem("PGRST100", "failed to parse the query string", details="It is not UTF-8", where="query")


def split(query: str) -> list[Parameter]:
    """The parameters, decoded, in order. Raises PGRST100 where one has no `=`, MS448 where one comes twice."""
    if not query.isascii():
        _check_encodable(query)
    parameters = [_split_one(part) for part in query.split("&") if part]
    _check_once(parameters)
    return parameters


def _check_encodable(query: str) -> None:
    try:
        query.encode()
    except UnicodeEncodeError as error:
        raise _not_utf8() from error


def _split_one(part: str) -> Parameter:
    name, equals, value = part.partition("=")
    if not equals:
        raise failed("filter", decode(name), len(decode(name)), '"=" and a value', "query")
    return decode(name), decode(value)


def _check_once(parameters: list[Parameter]) -> None:
    """Which of two limits is meant can't be known; PostgREST takes one and ignores the other."""
    seen: set[str] = set()
    for name, _ in parameters:
        if name in WHOLE or (last_word(name) in LAST - LOGIC):
            if name in seen:
                raise _twice(name)
            seen.add(name)


def _twice(name: str) -> Problem:
    return Problem("MS448", f"The parameter '{name}' came twice", hint="Send it once.", where=name)


def last_word(name: str) -> str:
    return name.rpartition(".")[2]


def parse_query(parameters: list[Parameter], ranged: Page | None, slots: Slots, limits: Limits) -> Query:
    """The query of `parameters`; `ranged` is the Range header's page. Values go to `slots`.

    Raises PGRST100, PGRST103, PGRST108, MS403, MS441, MS442, MS443.
    """
    named = dict(parameters)
    selected = named.get("select")
    root = Node()
    if not selected:  # an empty one asks for every column too
        root.items.append(Star())
    else:
        root = parse_select(selected, slots)
    reader = _Reader(root, slots, ranged is None)
    for name, value in parameters:
        reader.read(name, value)
    page, offset = reader.page, reader.offset
    if ranged is not None:
        page = meet(page, ranged)
        offset = slots.add(str(page.offset)).index if page.offset else None
    if page.limit == 0:  # asks for no row of any page, and so for the first
        offset = None
    return Query(
        root=root,
        where=both(*root.where) if root.where else TRUE,
        order=root.order,
        page=page,
        offset=offset,
        paged=reader.paged,
        columns=_names(named, "columns"),
        on_conflict=_names(named, "on_conflict"),
        after=reader.after,
        distinct=reader.distinct,
    )


def _names(named: dict[str, str], name: str) -> tuple[str, ...] | None:
    text = named.get(name)
    return None if text is None else read_names(text, f"{name} parameter", name)


class _Reader:
    """Hangs one parameter after the other on the select tree."""

    __slots__ = ("after", "distinct", "offset", "page", "paged", "root", "slots", "takes_offset")

    def __init__(self, root: Node, slots: Slots, takes_offset: bool) -> None:
        self.root = root
        self.slots = slots
        self.takes_offset = takes_offset
        self.page = Page()
        self.offset: int | None = None
        self.paged = False
        self.after: str | None = None
        self.distinct: tuple[Field, ...] | None = None

    def read(self, name: str, value: str) -> None:
        if name in WHOLE:
            return
        match last_word(name):
            case "order":
                self._node(name).order = parse_order(value, name, self.slots)
            case "limit":
                self._read_limit(name, parse_limit(value, name))
            case "offset":
                self._read_offset(name, parse_offset(value, name))
            case "and" | "or":
                self._read_logic(name, value)
            case "after" if name == "after" and value.startswith("("):
                self._read_after(value)
            case "having" if value.startswith("("):
                self._read_having(name, value)
            case "distinct" if name == "distinct" and value.startswith("("):
                self._read_distinct(value)
            case _:
                path, left = read_aggregate_path(name, self.slots) if name.endswith("()") else read_tree_path(name)
                self.root.find(path).where.append(parse_filter(left, value, self.slots, name))

    def _node(self, name: str) -> Node:
        return self.root.find(read_path_names(name)[:-1])

    def _read_limit(self, name: str, limit: int) -> None:
        node = self._node(name)
        if node is self.root:
            self.page = self.page._replace(limit=limit)
            self.paged = True
        else:
            node.limit = limit

    def _read_offset(self, name: str, offset: int) -> None:
        node = self._node(name)
        if node is not self.root:
            node.offset = offset
            return
        self.page = self.page._replace(offset=offset)
        self.paged = True
        if offset and self.takes_offset:
            self.offset = self.slots.add(str(offset)).index

    def _read_having(self, name: str, value: str) -> None:
        node = self._node(name)
        if node.having != TRUE:
            raise _twice(name)
        node.having = parse_having(value, self.slots, name)

    def _read_distinct(self, value: str) -> None:
        """`(*)`: no row twice; `(a,b)`: the first of each."""
        if self.distinct is not None:
            raise _twice("distinct")
        if not value.endswith(")"):
            raise failed("distinct", value, len(value), '")"', "distinct")
        names = () if value == "(*)" else read_names(value[1:-1], "distinct", "distinct")
        self.distinct = tuple(Field(name) for name in names)

    def _read_after(self, value: str) -> None:
        """No filter's value begins with a parenthesis, so a column may be called like this."""
        if self.after is not None:
            raise _twice("after")
        self.after = value

    def _read_logic(self, name: str, value: str) -> None:
        """`or`, `not.and`, `embed.or`, `embed.not.or`: a `not` anywhere negates, as PostgREST reads it."""
        path = read_path_names(name)
        node = self.root.find(tuple(step for step in path[:-1] if step != "not"))
        condition = parse_logic(value, path[-1], negated="not" in path, slots=self.slots, where=name)
        node.where.append(condition)


def read_path_names(name: str) -> tuple[str, ...]:
    """The words of a parameter's name between dots, unquoted."""
    scanner = Scanner(name, "tree path", name)
    names = [read_name(scanner)]
    while scanner.take("."):
        names.append(read_name(scanner))
    return tuple(names) if scanner.ended() else scanner.fail(NAME_EXPECTED)
