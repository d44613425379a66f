"""Reads connections: pages by key, as Relay's specification has them (https://relay.dev/graphql/connections.htm).

`films_connection(first: 10, after: "…") {edges {cursor node {…}} pageInfo {hasNextPage endCursor}}`
"""

from typing import Any

from mainstay.core.condition import Slot
from mainstay.core.cursor import mark_of, read_cursor
from mainstay.core.operation import (
    Bound,
    Constant,
    Cursor,
    Edges,
    Flag,
    Member,
    More,
    Nodes,
    Order,
    Part,
    Read,
    TableRef,
)
from mainstay.wires.graphql.document import Asked
from mainstay.wires.graphql.fields import TYPENAME, require_arguments, require_leaf, subfields, typename
from mainstay.wires.graphql.given import Given
from mainstay.wires.graphql.order import read_order
from mainstay.wires.graphql.problems import invalid, unknown
from mainstay.wires.graphql.select import read_items, read_limit
from mainstay.wires.graphql.translation import Translation
from mainstay.wires.graphql.vocabulary import TableType
from mainstay.wires.graphql.where import read_where

ARGUMENTS = frozenset({"first", "after", "last", "before", "order_by", "where"})
PAGE_INFO = "PageInfo"


def read_connection(translation: Translation, table: TableType, asked: Asked, owner: str) -> Read:
    """Forward by `first` and `after`, or backward by `last` and `before`."""
    require_arguments(asked, ARGUMENTS, owner)
    given, place = asked.arguments, f"{asked.place}.args"
    said = {name for name in ("first", "after", "last", "before") if _is_said(given.get(name))}
    backward = bool(said & {"last", "before"})
    if backward and said & {"first", "after"}:
        raise invalid("'first' and 'after' do not go with 'last' and 'before'", place)
    order = read_order(translation, table, given.get("order_by"), f"{place}.order_by")
    size, behind = ("last", "before") if backward else ("first", "after")
    page = _Page(translation, table, mark_of(table.ref, order), backward=backward, behind=behind in said)
    return Read(
        table.ref,
        (),
        read_where(translation, table, given.get("where"), f"{place}.where"),
        order,
        read_limit(translation, given.get(size), f"{place}.{size}"),
        after=_after(translation, table.ref, order, given.get(behind), f"{place}.{behind}"),
        backward=backward,
        summary=page.members(asked),
    )


def _is_said(given: Given | None) -> bool:
    return given is not None and given.value is not None


def _after(
    translation: Translation, table: TableRef, order: tuple[Order, ...], given: Given | None, place: str
) -> tuple[Slot | None, ...]:
    """The sort values in a cursor, each of which later requests fill; where one is null, is part of what is asked."""
    if given is None or given.value is None:
        return ()
    pattern = _pattern(given.value)
    if given.origin is not None:
        translation.variables.pins[*given.origin, _pattern] = None

    def spelt(index: int) -> Any:
        def spell(text: Any) -> str | None:
            values = read_cursor(text, table, order) if isinstance(text, str) else None
            if values is None or index >= len(values):
                raise invalid("the cursor is not of this field and order", place)
            return values[index]

        return spell

    if not pattern:
        raise invalid("the cursor is not of this field and order", place)
    return tuple(None if null else translation.slot(given, spelt(index)) for index, null in enumerate(pattern))


def _pattern(text: object) -> tuple[bool, ...]:
    """Which of a cursor's values are null; empty for what is no cursor."""
    values = read_cursor(text) if isinstance(text, str) else None
    return tuple(value is None for value in values or ())


class _Page:
    """What is selected of a page."""

    def __init__(self, translation: Translation, table: TableType, mark: str, *, backward: bool, behind: bool) -> None:
        self.translation = translation
        self.table = table
        self.mark = mark
        self.backward = backward
        self.behind = behind

    def members(self, asked: Asked) -> tuple[Member, ...]:
        type_name = self.table.type("connection")
        members: list[Member] = []
        for field in subfields(self.translation, asked, type_name):
            if field.name == TYPENAME:
                members.append(typename(field, type_name))
                continue
            if field.name not in ("edges", "pageInfo"):
                raise unknown(field.name, type_name, field.place)
            require_arguments(field, frozenset(), type_name)
            if field.name == "edges":
                members.append(Edges(field.key, self._edge(field)))
            else:
                members.append(
                    Part(field.key, tuple(self._told(each) for each in subfields(self.translation, field, PAGE_INFO)))
                )
        return tuple(members)

    def _edge(self, asked: Asked) -> tuple[Cursor | Nodes | Constant, ...]:
        type_name = self.table.type("edge")
        members: list[Cursor | Nodes | Constant] = []
        for field in subfields(self.translation, asked, type_name):
            if field.name == TYPENAME:
                members.append(typename(field, type_name))
                continue
            require_arguments(field, frozenset(), type_name)
            if field.name == "cursor":
                require_leaf(field)
                members.append(Cursor(field.key, self.mark))
            elif field.name == "node":
                members.append(Nodes(field.key, read_items(self.translation, self.table, field, 0)))
            else:
                raise unknown(field.name, type_name, field.place)
        return tuple(members)

    def _told(self, field: Asked) -> Member:
        """Behind a cursor there is what it is of: so much is known of the side that was come from."""
        if field.name == TYPENAME:
            return typename(field, PAGE_INFO)
        require_arguments(field, frozenset(), PAGE_INFO)
        require_leaf(field)
        match field.name:
            case "startCursor" | "endCursor":
                return Bound(field.key, self.mark, last=field.name == "endCursor")
            case "hasNextPage":
                return Flag(field.key, self.behind) if self.backward else More(field.key)
            case "hasPreviousPage":
                return More(field.key) if self.backward else Flag(field.key, self.behind)
        raise unknown(field.name, PAGE_INFO, field.place)
