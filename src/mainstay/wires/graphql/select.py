"""Reads selections: fields of rows become reads, related rows embeds, and aggregates summaries."""

import re
from typing import NamedTuple

import msgspec

from mainstay.core.catalog import Column, Kind, Passing
from mainstay.core.condition import Compare, Condition, Field, Operator, Slot, Step, both
from mainstay.core.operation import (
    Embed,
    Format,
    Item,
    Order,
    Pick,
    Read,
)
from mainstay.wires.graphql.aggregates import read_columns, read_summary
from mainstay.wires.graphql.document import Asked
from mainstay.wires.graphql.fields import TYPENAME, require_arguments, require_leaf, subfields, typename
from mainstay.wires.graphql.given import Given, Numeral, kind_of
from mainstay.wires.graphql.order import read_order
from mainstay.wires.graphql.passed import ARGUMENTS, read_passed, without_passed
from mainstay.wires.graphql.problems import invalid, unknown
from mainstay.wires.graphql.spelling import check, is_spelt, is_whole, spelling, whole
from mainstay.wires.graphql.translation import Translation
from mainstay.wires.graphql.vocabulary import RelationField, TableType
from mainstay.wires.graphql.where import read_where

LISTED = frozenset({"where", "order_by", "limit", "offset", "distinct_on"})
LARGE = frozenset({"bigint", "numeric", "double precision"})
"""Types of numbers that a client's own may not hold."""
STEP = re.compile(r"""\.?([A-Za-z_][A-Za-z0-9_-]*)|\.?\[(\d{1,9})\]|\.?\["([^"]*)"\]|\.?\['([^']*)'\]""")


def read_rows(translation: Translation, table: TableType, asked: Asked, owner: str) -> Read:
    """`owner` is the type that has the field."""
    listing = _listing(translation, table, asked, owner, 0)
    items = read_items(translation, table, asked, 0)
    return _read(translation, Read(table.ref, items), listing, asked)


def read_aggregate(translation: Translation, table: TableType, asked: Asked, owner: str) -> Read:
    listing = _listing(translation, table, asked, owner, 0)
    summary = read_summary(translation, table, asked, lambda nodes: read_items(translation, table, nodes, 0))
    return _read(translation, Read(table.ref, (), summary=summary), listing, asked)


def _read(translation: Translation, read: Read, listing: "Listing", asked: Asked) -> Read:
    return msgspec.structs.replace(
        read,
        where=listing.where,
        order=listing.order,
        limit=listing.limit,
        offset=_offset_slot(translation, asked, listing),
        distinct=listing.distinct or None,
    )


def read_by_key(translation: Translation, table: TableType, asked: Asked, owner: str) -> Read:
    require_arguments(asked, frozenset(table.primary_key), owner)
    parts = []
    for name in table.primary_key:
        place = f"{asked.place}.args.{name}"
        if name not in asked.arguments:
            raise invalid(f"missing required field '{name}'", f"{asked.place}.args")
        column, given = table.columns[name], asked.arguments[name]
        check(column.type, given, place)
        translation.count_term(place)
        slot = translation.slot(given, spelling(column.type))
        parts.append(Compare(Field(column.name), Operator.EQ, slot))
    items = read_items(translation, table, asked, 0)
    return Read(table.ref, items, both(*parts), format=Format.FIRST)


class Listing(NamedTuple):
    """Which rows, in which order, and which page of them."""

    where: Condition
    order: tuple[Order, ...]
    limit: int | None
    offset: Given | None
    distinct: tuple[Field, ...]


def _listing(translation: Translation, table: TableType, asked: Asked, owner: str, depth: int) -> Listing:
    require_arguments(asked, LISTED, owner)
    arguments, place = asked.arguments, f"{asked.place}.args"
    order = read_order(translation, table, arguments.get("order_by"), f"{place}.order_by")
    distinct = read_columns(translation, table, arguments.get("distinct_on"), f"{place}.distinct_on")
    first = [key.field for key in order[: len(distinct)]]
    if order and not set(distinct).issuperset(first):
        raise invalid('"distinct_on" columns must match initial "order_by" columns', place)
    return Listing(
        read_where(translation, table, arguments.get("where"), f"{place}.where", depth),
        order,
        read_limit(translation, arguments.get("limit"), f"{place}.limit"),
        _whole(arguments.get("offset"), f"{place}.offset", spelt=True),
        distinct,
    )


def _whole(given: Given | None, place: str, *, spelt: bool = False) -> Given | None:
    """A count of rows; None where there is none. `spelt`: its text will do, as it does for Hasura."""
    if given is None or given.value is None:
        return None
    if not is_whole(given.value) and not (spelt and is_spelt(given.value)):
        found = "found another number" if type(given.value) in (int, Numeral) else f"found {kind_of(given)}"
        raise invalid(f"expected a non-negative 32-bit integer for type 'Int', but {found}", place)
    return given


def read_limit(translation: Translation, given: Given | None, place: str) -> int | None:
    limit = _whole(given, place)
    return None if limit is None else translation.variables.pin(limit)


def read_offset(translation: Translation, given: Given | None, place: str) -> int | None:
    """The slot of how many rows are left out."""
    offset = _whole(given, place, spelt=True)
    return None if offset is None else translation.slot(offset, whole(place)).index


def _offset_slot(translation: Translation, asked: Asked, listing: Listing) -> int | None:
    if listing.offset is None or listing.limit == 0:  # no row of any page
        return None
    return translation.slot(listing.offset, whole(f"{asked.place}.args.offset")).index


def read_items(translation: Translation, table: TableType, asked: Asked, depth: int) -> tuple[Item, ...]:
    """What is selected of each row."""
    fields = subfields(translation, asked, table.name)
    return tuple(_item(translation, table, field, depth) for field in fields)


def _item(translation: Translation, table: TableType, asked: Asked, depth: int) -> Item:
    if asked.name == TYPENAME:
        return typename(asked, table.name)
    if (column := table.columns.get(asked.name) or table.called.get(asked.name)) is not None:
        return _pick(translation, table, column, asked)
    if (found := translation.vocabulary.relation(table, asked.name, passed=True)) is not None:
        relation, target = found
        return _embed(translation, table, relation, target, asked, depth + 1)
    if (found := translation.vocabulary.aggregated(table, asked.name, passed=True)) is not None:
        relation, target = found
        return _embedded_aggregate(translation, table, relation, target, asked, depth + 1)
    raise unknown(asked.name, table.name, asked.place)


def _pick(translation: Translation, table: TableType, column: Column, asked: Asked) -> Pick:
    known = {"path"} if column.type.kind is Kind.JSON else set()
    known |= {ARGUMENTS} if column.passing.arguments else set()
    require_arguments(asked, frozenset(known), table.name)
    require_leaf(asked)
    path: tuple[Step, ...] = ()
    given = asked.arguments.get("path")
    if given is not None:
        path = _path(translation.variables.pin(given), f"{asked.place}.args.path")
    cast = "text" if translation.number_texts and column.type.name.lower() in LARGE else None
    passed = _passed(translation, table, column.passing, asked, asked.name)
    return Pick(Field(column.name, path, cast, arguments=passed), alias=asked.key)


def _passed(
    translation: Translation, table: TableType, passing: Passing, asked: Asked, name: str
) -> tuple[tuple[str, Slot], ...]:
    """What the function behind the field `name` is passed."""
    known = {argument.name: argument for argument in passing.arguments}
    return tuple(read_passed(translation, asked, known, table.type(f"{name}_args"))) if known else ()


def _path(text: object, place: str) -> tuple[Step, ...]:
    """`$.a.b[0]`, with or without the `$`."""
    if text is None:
        return ()
    if not isinstance(text, str):
        raise invalid("expected a string for type 'String'", place)
    rest, steps = text.removeprefix("$"), []
    while rest:
        found = STEP.match(rest)
        if found is None:
            raise invalid(f"parse json path error: '{text}'", place)
        name, index, *quoted = found.groups()
        key = name if name is not None else next((each for each in quoted if each is not None), "")
        steps.append(Step(int(index) if index is not None else key))
        rest = rest[found.end() :]
    return tuple(steps)


def _embed(  # noqa: PLR0913, PLR0917 - where it stands
    translation: Translation, table: TableType, relation: RelationField, target: TableType, asked: Asked, depth: int
) -> Embed:
    translation.require_depth(depth, asked.place)
    passed = _passed(translation, table, relation.passing, asked, asked.name)
    asked = without_passed(asked) if relation.passing.arguments else asked
    if relation.to_one:
        require_arguments(asked, frozenset(), table.name)
        items = read_items(translation, target, asked, depth)
        return Embed(relation.target, alias=asked.key, hint=relation.hint, select=items, arguments=passed)
    listing = _listing(translation, target, asked, table.name, depth)
    items = read_items(translation, target, asked, depth)
    embed = Embed(relation.target, asked.key, relation.hint, select=items, arguments=passed)
    return _paged(translation, embed, listing)


def _embedded_aggregate(  # noqa: PLR0913, PLR0917 - where it stands
    translation: Translation, table: TableType, relation: RelationField, target: TableType, asked: Asked, depth: int
) -> Embed:
    translation.require_depth(depth, asked.place)
    name = translation.vocabulary.names.aggregate_of(asked.name) or asked.name
    passed = _passed(translation, table, relation.passing, asked, name)
    asked = without_passed(asked) if relation.passing.arguments else asked
    listing = _listing(translation, target, asked, table.name, depth)
    summary = read_summary(translation, target, asked, lambda nodes: read_items(translation, target, nodes, depth))
    embed = Embed(relation.target, asked.key, relation.hint, summary=summary, arguments=passed)
    return _paged(translation, embed, listing)


def _paged(translation: Translation, embed: Embed, listing: Listing) -> Embed:
    offset = 0 if listing.offset is None else int(translation.variables.pin(listing.offset))
    return msgspec.structs.replace(
        embed,
        where=listing.where,
        order=listing.order,
        limit=listing.limit,
        offset=offset,
        distinct=listing.distinct,
    )
