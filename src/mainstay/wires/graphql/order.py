"""Reads `order_by`: columns, columns of to-one relations, and aggregates of to-many ones."""

from collections.abc import Iterator
from typing import NamedTuple

from mainstay.core.condition import Aggregate, Aggregation, And, Field, Through
from mainstay.core.operation import Embed, Nulls, Order
from mainstay.wires.graphql.given import Given
from mainstay.wires.graphql.problems import invalid, unknown, unserved
from mainstay.wires.graphql.translation import Translation, items_of
from mainstay.wires.graphql.vocabulary import COMPARABLE, SUMMABLE, RelationField, TableType

DIRECTIONS = {
    "asc": (False, Nulls.DEFAULT),
    "asc_nulls_first": (False, Nulls.FIRST),
    "asc_nulls_last": (False, Nulls.LAST),
    "desc": (True, Nulls.DEFAULT),
    "desc_nulls_first": (True, Nulls.FIRST),
    "desc_nulls_last": (True, Nulls.LAST),
}
AGGREGATES = {each.value: each for each in (Aggregate.SUM, Aggregate.AVG, Aggregate.MIN, Aggregate.MAX)}


class Ordered(NamedTuple):
    """Sort keys, and the embeds that they lead through, which do not show."""

    keys: tuple[Order, ...]
    through: tuple[Embed, ...]


class Orders:
    """Reads the sort keys of one selection."""

    def __init__(self, translation: Translation) -> None:
        self.translation = translation
        self.through: dict[str, Embed] = {}

    def read(self, table: TableType, given: Given | None, place: str) -> Ordered:
        """Absent or null, there are none."""
        keys: list[Order] = []
        if given is not None and given.value is not None:
            for index, each in enumerate(items_of(given)):
                inside = f"{place}[{index}]" if isinstance(given.value, list) else place
                for name, direction in self.translation.members(each, table.type("order_by"), inside).items():
                    keys += self._key(table, name, direction, f"{inside}.{name}")
        return Ordered(tuple(keys), tuple(self.through.values()))

    def _key(self, table: TableType, name: str, given: Given, place: str) -> Iterator[Order]:
        vocabulary = self.translation.vocabulary
        if name in table.columns:
            yield from self._sorted(Field(table.columns[name].name), given, place)
        elif (found := vocabulary.aggregated(table, name)) is not None:
            yield from self._aggregates(*found, given, place)
        elif (found := vocabulary.relation(table, name)) is not None and found[0].to_one:
            yield from self._related(*found, name, given, place)
        else:
            raise unknown(name, table.type("order_by"), place)

    def _sorted(
        self, field: Field | Aggregation, given: Given, place: str, relation: str | None = None
    ) -> Iterator[Order]:
        self.translation.count_term(place)
        direction = self.translation.variables.pin(given)
        if direction is None:
            return
        names = self.translation.names
        known = DIRECTIONS.get(names.ordering(direction)) if isinstance(direction, str) else None
        if known is None:
            values = [names.ordered(each) for each in DIRECTIONS]
            raise invalid(f"expected one of the values {values} for type 'order_by'", place)
        descending, nulls = known
        yield Order(field, descending, nulls, relation)

    def _related(
        self, relation: RelationField, target: TableType, name: str, given: Given, place: str
    ) -> Iterator[Order]:
        alias = f"order by {name}"  # no response key has a space in it
        for column, direction in self.translation.members(given, target.type("order_by"), place).items():
            inside = f"{place}.{column}"
            if column not in target.columns:
                vocabulary = self.translation.vocabulary
                if vocabulary.relation(target, column) or vocabulary.aggregated(target, column):
                    raise unserved("an order through more than one relation is", inside)
                raise unknown(column, target.type("order_by"), inside)
            for key in self._sorted(Field(target.columns[column].name), direction, inside, alias):
                self.through[alias] = Embed(relation.target, alias=alias, hint=relation.hint)
                yield key

    def _aggregates(self, relation: RelationField, target: TableType, given: Given, place: str) -> Iterator[Order]:
        type_name = target.type("aggregate_order_by")
        of = Through(relation.target, And(), relation.fixed)
        for name, inner in self.translation.members(given, type_name, place).items():
            inside = f"{place}.{name}"
            if name == "count":
                yield from self._sorted(Aggregation(Aggregate.COUNT, of=of), inner, inside)
                continue
            if name not in AGGREGATES:
                raise unserved(f"an order by the aggregate '{name}' is", inside)
            kinds = SUMMABLE if name in ("sum", "avg") else COMPARABLE
            for column, direction in self.translation.members(inner, target.type(f"{name}_order_by"), inside).items():
                if column not in target.columns or target.columns[column].type.kind not in kinds:
                    raise unknown(column, target.type(f"{name}_order_by"), f"{inside}.{column}")
                aggregation = Aggregation(AGGREGATES[name], Field(target.columns[column].name), of=of)
                yield from self._sorted(aggregation, direction, f"{inside}.{column}")
