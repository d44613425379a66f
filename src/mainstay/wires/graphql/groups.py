"""Reads groups: rows that agree in some columns, and what each group of them comes to.

`films_groups(by: [genre], having: {count: {predicate: {_gt: 1}}}) {key {genre} aggregate {count max {year}}}`
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

import msgspec

from mainstay.core.catalog import Column
from mainstay.core.condition import Field
from mainstay.core.operation import Constant, Item, Laid, Member, Order, Part, Pick, Placed, Read, Tally
from mainstay.wires.graphql.aggregates import read_keys, read_tallies
from mainstay.wires.graphql.document import Asked
from mainstay.wires.graphql.fields import TYPENAME, require_arguments, require_leaf, subfields, typename
from mainstay.wires.graphql.given import Given
from mainstay.wires.graphql.order import read_direction, read_totals
from mainstay.wires.graphql.problems import invalid, unknown
from mainstay.wires.graphql.select import read_limit, read_offset
from mainstay.wires.graphql.translation import Translation, items_of
from mainstay.wires.graphql.vocabulary import TableType
from mainstay.wires.graphql.where import read_having, read_where

ARGUMENTS = frozenset({"by", "having", "limit", "offset", "order_by", "where"})
Layout: TypeAlias = tuple[Laid | Placed | Constant, ...]


def read_groups(translation: Translation, table: TableType, asked: Asked, owner: str) -> Read:
    require_arguments(asked, ARGUMENTS, owner)
    given, place = asked.arguments, f"{asked.place}.args"
    if "by" not in given:
        raise invalid("missing required field 'by'", place)
    keys = read_keys(translation, table, given.get("by"), f"{place}.by")
    groups = _Groups(translation, table, keys)
    layout = groups.layout(asked)
    order = groups.order(given.get("order_by"), f"{place}.order_by")
    limit = read_limit(translation, given.get("limit"), f"{place}.limit")
    return Read(
        table.ref,
        tuple(groups.items),
        read_where(translation, table, given.get("where"), f"{place}.where"),
        order,
        limit,
        None if limit == 0 else read_offset(translation, given.get("offset"), f"{place}.offset"),
        having=read_having(translation, table, given.get("having"), f"{place}.having"),
        distinct=(),
        layout=layout,
    )


class _Groups:
    """What is selected of the groups. `items` are what they are grouped by, and their aggregates as they come."""

    def __init__(self, translation: Translation, table: TableType, keys: Mapping[str, Column]) -> None:
        self.translation = translation
        self.table = table
        self.keys = keys
        self.sources = {name: f"key {index}" for index, name in enumerate(keys)}
        self.items: list[Item] = [Pick(Field(column.name), self.sources[name]) for name, column in keys.items()]

    def layout(self, asked: Asked) -> Layout:
        type_name = self.table.type("group")
        members: list[Laid | Placed | Constant] = []
        for field in subfields(self.translation, asked, type_name):
            if field.name == TYPENAME:
                members.append(typename(field, type_name))
                continue
            if field.name not in ("aggregate", "key"):
                raise unknown(field.name, type_name, field.place)
            require_arguments(field, frozenset(), type_name)
            if field.name == "key":
                members.append(Laid(field.key, tuple(self._key(field))))
            else:
                tallies = read_tallies(self.translation, self.table, field)
                members.append(Laid(field.key, tuple(self._placed(tallies))))
        return tuple(members)

    def _key(self, asked: Asked) -> Iterator[Placed | Constant]:
        type_name = self.table.type("group_key")
        for field in subfields(self.translation, asked, type_name):
            if field.name == TYPENAME:
                yield typename(field, type_name)
                continue
            source = self._source(field.name, type_name, field.place)
            require_arguments(field, frozenset(), type_name)
            require_leaf(field)
            yield Placed(field.key, source)

    def _source(self, name: str, type_name: str, place: str) -> str:
        if name not in self.table.columns:
            raise unknown(name, type_name, place)
        if name not in self.sources:
            raise invalid(f"the rows are not grouped by '{name}'", place)
        return self.sources[name]

    def _placed(self, members: Iterable[Member]) -> Iterator[Laid | Placed | Constant]:
        for member in members:
            match member:
                case Part(name, inner):
                    yield Laid(name, tuple(self._placed(inner)))
                case Tally():
                    source = f"aggregate {len(self.items)}"
                    self.items.append(msgspec.structs.replace(member, name=source))
                    yield Placed(member.name, source)
                case Constant():
                    yield member

    def order(self, given: Given | None, place: str) -> tuple[Order, ...]:
        """`[{aggregate: {count: desc}}, {key: {genre: asc}}]`"""
        if given is None or given.value is None:
            return ()
        type_name, keys = self.table.type("group_order_by"), self.table.type("group_key_order_by")
        orders: list[Order] = []
        for index, each in enumerate(items_of(given)):
            inside = f"{place}[{index}]" if isinstance(given.value, list) else place
            for name, inner in self.translation.members(each, type_name, inside).items():
                at = f"{inside}.{name}"
                if name == "aggregate":
                    orders += read_totals(self.translation, self.table, inner, at)
                elif name == "key":
                    for column, direction in self.translation.members(inner, keys, at).items():
                        self._source(column, keys, f"{at}.{column}")
                        field = Field(self.keys[column].name)
                        orders += read_direction(self.translation, field, direction, f"{at}.{column}")
                else:
                    raise unknown(name, type_name, at)
        return tuple(orders)
