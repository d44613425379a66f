"""Reads `order_by`: columns, what to-one relations lead to however far, and aggregates of to-many ones."""

from collections.abc import Iterator, Sequence

from mainstay.core.condition import Aggregate, Aggregation, And, Field, Through
from mainstay.core.operation import Nulls, Order
from mainstay.wires.graphql.aggregates import AGGREGATES, aggregable
from mainstay.wires.graphql.given import Given
from mainstay.wires.graphql.problems import invalid, unknown
from mainstay.wires.graphql.translation import Translation, items_of
from mainstay.wires.graphql.vocabulary import RelationField, TableType

DIRECTIONS = {
    "asc": (False, Nulls.DEFAULT),
    "asc_nulls_first": (False, Nulls.FIRST),
    "asc_nulls_last": (False, Nulls.LAST),
    "desc": (True, Nulls.DEFAULT),
    "desc_nulls_first": (True, Nulls.FIRST),
    "desc_nulls_last": (True, Nulls.LAST),
}
Way = tuple[Through, ...]
"""The to-one relations that lead to what is sorted by."""


def read_order(translation: Translation, table: TableType, given: Given | None, place: str) -> tuple[Order, ...]:
    """The sort keys; absent or null, none."""
    if given is None or given.value is None:
        return ()
    items: Sequence[Given] = items_of(given)
    places = [f"{place}[{index}]" if isinstance(given.value, list) else place for index in range(len(items))]
    orders = _Orders(translation)
    return tuple(
        key for each, inside in zip(items, places, strict=True) for key in orders.keys(table, each, inside, ())
    )


def read_totals(translation: Translation, table: TableType, given: Given, place: str) -> tuple[Order, ...]:
    """Sort keys of groups: aggregates of their rows."""
    return tuple(_Orders(translation).totals(table, None, given, place, ()))


def read_direction(translation: Translation, field: Field, given: Given, place: str) -> tuple[Order, ...]:
    return tuple(_Orders(translation).sorted(field, given, place, ()))


class _Orders:
    def __init__(self, translation: Translation) -> None:
        self.translation = translation

    def keys(self, table: TableType, given: Given, place: str, way: Way) -> Iterator[Order]:
        self.translation.require_depth(len(way), place)
        for name, direction in self.translation.members(given, table.type("order_by"), place).items():
            yield from self._key(table, name, direction, f"{place}.{name}", way)

    def _key(self, table: TableType, name: str, given: Given, place: str, way: Way) -> Iterator[Order]:
        vocabulary = self.translation.vocabulary
        if name in table.columns:
            yield from self.sorted(Field(table.columns[name].name), given, place, way)
        elif (found := vocabulary.aggregated(table, name)) is not None:
            yield from self._aggregates(*found, given, place, way)
        elif (found := vocabulary.relation(table, name)) is not None and found[0].to_one:
            relation, target = found
            if given.value is not None:
                through = Through(relation.target, And(), relation.fixed)
                yield from self.keys(target, given, place, (*way, through))
        else:
            raise unknown(name, table.type("order_by"), place)

    def sorted(self, key: Field | Aggregation, given: Given, place: str, way: Way) -> Iterator[Order]:
        self.translation.count_term(place)
        direction = self.translation.variables.pin(given)
        if direction is None:
            return
        names = self.translation.names
        known = DIRECTIONS.get(names.ordering(direction)) if isinstance(direction, str) else None
        if known is None:
            values = [names.ordered(each) for each in DIRECTIONS]
            raise invalid(f"expected one of the values {values} for type 'order_by'", place)
        for through in reversed(way):
            key = Aggregation(Aggregate.ONLY, key, of=through)
        yield Order(key, *known)

    def _aggregates(
        self, relation: RelationField, target: TableType, given: Given, place: str, way: Way
    ) -> Iterator[Order]:
        yield from self.totals(target, Through(relation.target, And(), relation.fixed), given, place, way)

    def totals(self, target: TableType, of: Through | None, given: Given, place: str, way: Way) -> Iterator[Order]:
        """Aggregates of related rows, or of a group's."""
        type_name = target.type("aggregate_order_by")
        if given.value is None:
            return
        for name, inner in self.translation.members(given, type_name, place).items():
            inside = f"{place}.{name}"
            if name == "count":
                yield from self.sorted(Aggregation(Aggregate.COUNT, of=of), inner, inside, way)
                continue
            if name not in AGGREGATES:
                raise unknown(name, type_name, inside)
            columns, of_columns = aggregable(target, AGGREGATES[name]), target.type(f"{name}_order_by")
            for column, direction in self.translation.members(inner, of_columns, inside).items():
                if column not in columns:
                    raise unknown(column, of_columns, f"{inside}.{column}")
                aggregation = Aggregation(AGGREGATES[name], Field(columns[column].name), of=of)
                yield from self.sorted(aggregation, direction, f"{inside}.{column}", way)
