"""Reads selections: fields of rows become reads, related rows embeds, and aggregates summaries."""

import re
from typing import NamedTuple

import msgspec

from mainstay.core.catalog import Kind
from mainstay.core.condition import Aggregate, Compare, Condition, Field, Operator, Step, both
from mainstay.core.operation import (
    Constant,
    Embed,
    Format,
    Item,
    Member,
    Nodes,
    Part,
    Pick,
    Read,
    Tally,
)
from mainstay.wires.graphql.document import Asked
from mainstay.wires.graphql.given import Given, Numeral, kind_of
from mainstay.wires.graphql.order import AGGREGATES, Ordered, Orders
from mainstay.wires.graphql.problems import invalid, unknown, unserved
from mainstay.wires.graphql.spelling import check, is_spelt, is_whole, spelling, whole
from mainstay.wires.graphql.translation import Translation
from mainstay.wires.graphql.vocabulary import COMPARABLE, SUMMABLE, RelationField, TableType
from mainstay.wires.graphql.where import read_where

TYPENAME = "__typename"
LISTED = frozenset({"where", "order_by", "limit", "offset", "distinct_on"})
STATISTICS = frozenset({"stddev", "stddev_pop", "stddev_samp", "var_pop", "var_samp", "variance"})
LARGE = frozenset({"bigint", "numeric", "double precision"})
"""Types of numbers that a client's own may not hold."""
STEP = re.compile(r"""\.?([A-Za-z_][A-Za-z0-9_-]*)|\.?\[(\d{1,9})\]|\.?\["([^"]*)"\]|\.?\['([^']*)'\]""")


def read_rows(translation: Translation, table: TableType, asked: Asked, owner: str) -> Read:
    """`owner` is the type that has the field."""
    listing = _listing(translation, table, asked, owner, 0)
    items = (*read_items(translation, table, asked, 0), *listing.ordered.through)
    offset = _offset_slot(translation, asked, listing)
    return Read(table.ref, items, listing.where, listing.ordered.keys, listing.limit, offset)


def read_aggregate(translation: Translation, table: TableType, asked: Asked, owner: str) -> Read:
    listing = _listing(translation, table, asked, owner, 0)
    _refuse_through(listing, asked)
    summary = _summary(translation, table, asked, 0)
    offset = _offset_slot(translation, asked, listing)
    return Read(table.ref, (), listing.where, listing.ordered.keys, listing.limit, offset, summary=summary)


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
    ordered: Ordered
    limit: int | None
    offset: Given | None


def _listing(translation: Translation, table: TableType, asked: Asked, owner: str, depth: int) -> Listing:
    require_arguments(asked, LISTED, owner)
    arguments, place = asked.arguments, f"{asked.place}.args"
    distinct = arguments.get("distinct_on")
    if distinct is not None and distinct.value is not None:
        raise unserved("'distinct_on' is", f"{place}.distinct_on")
    limit = _whole(arguments.get("limit"), f"{place}.limit")
    return Listing(
        read_where(translation, table, arguments.get("where"), f"{place}.where", depth),
        Orders(translation).read(table, arguments.get("order_by"), f"{place}.order_by"),
        None if limit is None else translation.variables.pin(limit),
        _whole(arguments.get("offset"), f"{place}.offset", spelt=True),
    )


def _whole(given: Given | None, place: str, *, spelt: bool = False) -> Given | None:
    """A count of rows; None where there is none. `spelt`: its text will do, as it does for Hasura."""
    if given is None or given.value is None:
        return None
    if not is_whole(given.value) and not (spelt and is_spelt(given.value)):
        found = "found another number" if type(given.value) in (int, Numeral) else f"found {kind_of(given)}"
        raise invalid(f"expected a non-negative 32-bit integer for type 'Int', but {found}", place)
    return given


def _offset_slot(translation: Translation, asked: Asked, listing: Listing) -> int | None:
    if listing.offset is None or listing.limit == 0:  # no row of any page
        return None
    return translation.slot(listing.offset, whole(f"{asked.place}.args.offset")).index


def _refuse_through(listing: Listing, asked: Asked) -> None:
    if listing.ordered.through:
        raise unserved("an aggregate of rows ordered through a relation is", f"{asked.place}.args.order_by")


def read_items(translation: Translation, table: TableType, asked: Asked, depth: int) -> tuple[Item, ...]:
    """What is selected of each row."""
    fields = subfields(translation, asked, table.name)
    return tuple(_item(translation, table, field, depth) for field in fields)


def _item(translation: Translation, table: TableType, asked: Asked, depth: int) -> Item:
    if asked.name == TYPENAME:
        return typename(asked, table.name)
    if asked.name in table.columns:
        return _pick(translation, table, asked)
    if (found := translation.vocabulary.relation(table, asked.name)) is not None:
        relation, target = found
        return _embed(translation, table, relation, target, asked, depth + 1)
    if (found := translation.vocabulary.aggregated(table, asked.name)) is not None:
        relation, target = found
        return _embedded_aggregate(translation, table, relation, target, asked, depth + 1)
    raise unknown(asked.name, table.name, asked.place)


def _pick(translation: Translation, table: TableType, asked: Asked) -> Pick:
    column = table.columns[asked.name]
    is_json = column.type.kind is Kind.JSON
    require_arguments(asked, frozenset({"path"}) if is_json else frozenset(), table.name)
    require_leaf(asked)
    path: tuple[Step, ...] = ()
    given = asked.arguments.get("path")
    if given is not None:
        path = _path(translation.variables.pin(given), f"{asked.place}.args.path")
    cast = "text" if translation.number_texts and column.type.name.lower() in LARGE else None
    return Pick(Field(column.name, path, cast), alias=asked.key)


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
    if relation.to_one:
        require_arguments(asked, frozenset(), table.name)
        items = read_items(translation, target, asked, depth)
        return Embed(relation.target, alias=asked.key, hint=relation.hint, select=items)
    listing = _listing(translation, target, asked, table.name, depth)
    items = (*read_items(translation, target, asked, depth), *listing.ordered.through)
    return _paged(translation, Embed(relation.target, asked.key, relation.hint, select=items), listing)


def _embedded_aggregate(  # noqa: PLR0913, PLR0917 - where it stands
    translation: Translation, table: TableType, relation: RelationField, target: TableType, asked: Asked, depth: int
) -> Embed:
    translation.require_depth(depth, asked.place)
    listing = _listing(translation, target, asked, table.name, depth)
    _refuse_through(listing, asked)
    summary = _summary(translation, target, asked, depth)
    return _paged(translation, Embed(relation.target, asked.key, relation.hint, summary=summary), listing)


def _paged(translation: Translation, embed: Embed, listing: Listing) -> Embed:
    offset = 0 if listing.offset is None else int(translation.variables.pin(listing.offset))
    return msgspec.structs.replace(
        embed, where=listing.where, order=listing.ordered.keys, limit=listing.limit, offset=offset
    )


def _summary(translation: Translation, table: TableType, asked: Asked, depth: int) -> tuple[Member, ...]:
    """`{aggregate {…} nodes {…}}`"""
    type_name = table.type("aggregate")
    members: list[Member] = []
    for field in subfields(translation, asked, type_name):
        if field.name == TYPENAME:
            members.append(typename(field, type_name))
            continue
        if field.name not in ("aggregate", "nodes"):
            raise unknown(field.name, type_name, field.place)
        require_arguments(field, frozenset(), type_name)
        if field.name == "nodes":
            members.append(Nodes(field.key, read_items(translation, table, field, depth)))
        else:
            members.append(Part(field.key, _tallies(translation, table, field)))
    return tuple(members)


def _tallies(translation: Translation, table: TableType, asked: Asked) -> tuple[Member, ...]:
    type_name = table.type("aggregate_fields")
    members: list[Member] = []
    for field in subfields(translation, asked, type_name):
        if field.name == TYPENAME:
            members.append(typename(field, type_name))
        elif field.name == "count":
            members.append(_count(translation, table, field, type_name))
        elif field.name in AGGREGATES:
            require_arguments(field, frozenset(), type_name)
            members.append(Part(field.key, _of_columns(translation, table, field)))
        elif field.name in STATISTICS:
            raise unserved(f"the aggregate '{field.name}' is", field.place)
        else:
            raise unknown(field.name, type_name, field.place)
    return tuple(members)


def _count(translation: Translation, table: TableType, asked: Asked, type_name: str) -> Tally:
    require_arguments(asked, frozenset({"columns", "distinct"}), type_name)
    require_leaf(asked)
    columns = asked.arguments.get("columns")
    names = None if columns is None else translation.variables.pin(columns)
    fields = [
        _counted_column(table, name, f"{asked.place}.args.columns")
        for name in ([] if names is None else names if isinstance(names, list) else [names])
    ]
    distinct = asked.arguments.get("distinct")
    wanted = None if distinct is None else translation.variables.pin(distinct)
    if not isinstance(wanted, bool | None):
        raise invalid("expected a boolean for type 'Boolean'", f"{asked.place}.args.distinct")
    return Tally(asked.key, Aggregate.COUNT, tuple(fields), bool(wanted) and bool(fields))


def _counted_column(table: TableType, name: object, place: str) -> Field:
    if not isinstance(name, str) or name not in table.columns:
        type_name = table.type("select_column")
        message = f"expected one of the values {[*table.columns]} for type '{type_name}'"
        raise invalid(f"{message}, but found '{name}'", place)
    return Field(table.columns[name].name)


def _of_columns(translation: Translation, table: TableType, asked: Asked) -> tuple[Member, ...]:
    """`max {a b}`"""
    type_name = table.type(f"{asked.name}_fields")
    kinds = SUMMABLE if asked.name in ("sum", "avg") else COMPARABLE
    members: list[Member] = []
    for field in subfields(translation, asked, type_name):
        if field.name == TYPENAME:
            members.append(typename(field, type_name))
            continue
        if field.name not in table.columns or table.columns[field.name].type.kind not in kinds:
            raise unknown(field.name, type_name, field.place)
        require_arguments(field, frozenset(), type_name)
        require_leaf(field)
        members.append(Tally(field.key, AGGREGATES[asked.name], (Field(table.columns[field.name].name),)))
    return tuple(members)


def subfields(translation: Translation, asked: Asked, type_name: str) -> list[Asked]:
    if not asked.selections:
        raise invalid(f"missing selection set for '{type_name}'", asked.place)
    return translation.document.fields(asked.selections, type_name, translation.variables)


def typename(asked: Asked, type_name: str) -> Constant:
    require_arguments(asked, frozenset(), type_name)
    require_leaf(asked)
    return Constant(asked.key, type_name)


def require_leaf(asked: Asked) -> None:
    if asked.selections:
        raise invalid("unexpected subselection set for non-object field", asked.place)


def require_arguments(asked: Asked, known: frozenset[str], owner: str) -> None:
    for name in asked.arguments:
        if name not in known:
            raise invalid(f"'{asked.name}' has no argument named '{name}'", asked.place)
