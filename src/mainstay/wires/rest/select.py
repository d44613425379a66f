"""Reads `select=`: columns, casts, aggregates, and embeds to any depth that the limits allow.

The tree that comes out is still open: `query` hangs filters, orders and limits on its embeds, and `close` then makes
the frozen items of it. Never looks a name up.
"""

import re

from mainstay.core.condition import TRUE, Aggregate, Condition, Field, both
from mainstay.core.operation import Embed, Item, Join, Order, Pick, Star
from mainstay.core.problem import Problem
from mainstay.wires.rest.filter import AGGREGATES, Slots, read_where
from mainstay.wires.rest.scan import Scanner, read_cast, read_name, read_path, too_deep

AGGREGATE = re.compile(rf"\.({AGGREGATES})\(\)")
ITEM_END = 'letter, digit, "-", "->>", "->", "::", ".", ")", "," or end of input'
LEVEL_END = '")" or ","'
TOP_END = '"," or end of input'


class Node:
    """An embed while it is put together; the root is a node without a target."""

    __slots__ = ("alias", "having", "hint", "items", "join", "limit", "offset", "order", "spread", "target", "where")

    def __init__(self, target: str = "", alias: str | None = None, *, spread: bool = False) -> None:
        self.target = target
        self.alias = alias
        self.spread = spread
        self.hint: str | None = None
        self.join = Join.LEFT
        self.items: list[Star | Pick | Node] = []
        self.where: list[Condition] = []
        self.order: tuple[Order, ...] = ()
        self.limit: int | None = None
        self.offset = 0
        self.having: Condition = TRUE

    def find(self, path: tuple[str, ...]) -> "Node":
        """The embed at `path`, each step an alias or a target. Raises PGRST108 where one is not there."""
        node = self
        for name in path:
            node = node._child(name)
        return node

    def _child(self, name: str) -> "Node":
        for item in self.items:
            if isinstance(item, Node) and name in (item.alias, item.target):
                return item
        raise not_embedded(name)


def not_embedded(name: str) -> Problem:
    """PGRST108: a parameter names an embed that `select` does not have."""
    return Problem(
        "PGRST108",
        f"'{name}' is not an embedded resource in this request",
        hint=f"Verify that '{name}' is included in the 'select' query parameter.",
        where=name,
    )


def refuse_aggregates(node: Node, slots: Slots) -> None:
    """Raises PGRST123 where the select holds an aggregate, or filters and orders do."""
    if slots.aggregated:
        raise Problem("PGRST123", "Use of aggregate functions is not allowed", where="query")
    for item in node.items:
        if isinstance(item, Node):
            refuse_aggregates(item, slots)
        elif isinstance(item, Pick) and item.aggregate is not None:
            raise Problem("PGRST123", "Use of aggregate functions is not allowed", where="select")


def close(node: Node) -> tuple[Item, ...]:
    """The node's items, frozen, its embeds with all that was hung on them."""
    return tuple(_close_embed(item) if isinstance(item, Node) else item for item in node.items)


def _close_embed(node: Node) -> Embed:
    return Embed(
        target=node.target,
        alias=node.alias,
        hint=node.hint,
        join=node.join,
        spread=node.spread,
        select=close(node),
        where=both(*node.where) if node.where else TRUE,
        order=node.order,
        limit=node.limit,
        offset=node.offset,
        having=node.having,
    )


def parse_select(text: str, slots: Slots) -> Node:
    """The root of the tree. An empty text selects nothing.

    Raises PGRST100 where the text is not of the grammar, MS403 past `depth_max`, MS443 past `select_max`.
    """
    reader = _Reader(text, slots)
    root = Node()
    reader.read_level(root, 0)
    return root


class _Reader:
    """The select's scanner, and how many items it has given."""

    __slots__ = ("count", "limits", "scanner", "slots")

    def __init__(self, text: str, slots: Slots) -> None:
        self.scanner = Scanner(text, "select parameter", "select")
        self.slots = slots
        self.limits = slots.limits
        self.count = 0

    def read_level(self, node: Node, depth: int) -> None:
        """The items of `node`, up to the end of the text or past the closing parenthesis."""
        scanner = self.scanner
        scanner.skip_spaces()
        if not scanner.next_is(")"):
            node.items.append(self._read_item(depth))
            while scanner.take(","):
                node.items.append(self._read_item(depth))
        if depth == 0 and not scanner.ended():
            scanner.fail(TOP_END)
        if depth > 0 and not scanner.take(")"):
            scanner.fail(LEVEL_END)

    def _read_item(self, depth: int) -> Star | Pick | Node:
        self._count_item()
        scanner = self.scanner
        scanner.skip_spaces()
        if scanner.take("..."):
            return self._read_embed(Node(read_name(scanner), spread=True), depth)
        if scanner.take("*"):
            scanner.skip_spaces()
            return Star() if scanner.next_is(",)") else scanner.fail('")", "," or end of input')
        alias, name = self._read_label()
        if name == "count" and scanner.take("()"):
            where = read_where(scanner, self.slots)
            return self._end(Pick(None, alias, Aggregate.COUNT, read_cast(scanner), where))
        if scanner.text.startswith(("(", "!"), scanner.position):
            return self._read_embed(Node(name, alias), depth)
        return self._read_pick(alias, name)

    def _count_item(self) -> None:
        self.count += 1
        if self.count > self.limits.select_max:
            raise Problem(
                "MS443",
                "The request selects too many items",
                details=f"At most {self.limits.select_max} items of select are allowed",
                where="select",
            )

    def _read_label(self) -> tuple[str | None, str]:
        """`alias:name`, or just the name."""
        scanner = self.scanner
        name = read_name(scanner)
        if not scanner.text.startswith(":", scanner.position) or scanner.text.startswith("::", scanner.position):
            return None, name
        scanner.position += 1
        scanner.skip_spaces()
        return name, read_name(scanner)

    def _read_pick(self, alias: str | None, name: str) -> Pick:
        scanner = self.scanner
        path = read_path(scanner)
        scanner.skip_spaces()
        cast = read_cast(scanner)
        field = Field(name, path, cast)
        found = AGGREGATE.match(scanner.text, scanner.position)
        if found is None:
            return self._end(Pick(field, alias))
        scanner.position = found.end()
        where = read_where(scanner, self.slots)
        return self._end(Pick(field, alias, Aggregate(found.group(1)), read_cast(scanner), where))

    def _end(self, pick: Pick) -> Pick:
        self.scanner.skip_spaces()
        return pick if self.scanner.next_is(",)") else self.scanner.fail(ITEM_END)

    def _read_embed(self, node: Node, depth: int) -> Node:
        scanner = self.scanner
        marks = [self._read_mark(node) for _ in range(2) if scanner.take("!")]
        if len(marks) != len(set(marks)):
            scanner.fail("one hint and one of inner or left")
        if not scanner.take("("):
            scanner.fail('"("')
        if depth >= self.limits.depth_max:
            raise too_deep(self.limits.depth_max, "select")
        self.read_level(node, depth + 1)
        scanner.skip_spaces()
        return node

    def _read_mark(self, node: Node) -> str:
        """What stands behind a `!`: `inner`, `left`, or a hint. A quoted one is always a hint."""
        start = self.scanner.position
        name = read_name(self.scanner)
        if name in ("inner", "left") and not self.scanner.text.startswith('"', start):
            node.join = Join(name)
            return "join"
        node.hint = name
        return "hint"
