"""One level of a read in plain Python: a table's rows as a role sees them, filtered, grouped, sorted, with embeds."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar, cast

import msgspec

from mainstay.core.catalog import ColumnType, Kind, Table
from mainstay.core.condition import (
    TRUE,
    Aggregation,
    And,
    Compare,
    Condition,
    Exists,
    Field,
    Is,
    Not,
    Or,
    Through,
    Truth,
)
from mainstay.core.operation import Constant, Embed, Item, Join, Nulls, Order, Pick, Star, TableRef, Tally
from mainstay.core.problem import Problem
from mainstay.testing.aggregates import about_value, aggregate, aggregate_type, fields_in, terms_in
from mainstay.testing.sight import Sight, find_relation
from mainstay.testing.truth import (
    Row,
    cast_type,
    every,
    field_value,
    holds_for,
    opposite,
    rank,
    related_rows,
    require_value,
    some,
    type_of,
)
from mainstay.testing.values import canonical, read_text, write_json, write_text

T = TypeVar("T")
Outer: TypeAlias = tuple[tuple[Row, Table], ...]


class Selection:
    """One level of a read: items, filter and order of one table. Names are checked when it is made."""

    def __init__(  # noqa: PLR0913, PLR0917 - the parts of a query, in its order
        self,
        sight: Sight,
        table: Table,
        items: Sequence[Item],
        where: Condition,
        order: Sequence[Order],
        having: Condition = TRUE,
        distinct: Sequence[Field] | None = None,
    ) -> None:
        self.sight = sight
        self.table = table
        self.where = where
        self.order = order
        self.having = having
        self.distinct = distinct
        self.readable = sight.readable(table.key)
        if not self.readable:
            raise Problem("42501", f"permission denied for table {table.name}")
        self.items = [item for item in items if not isinstance(item, Embed) or item.select]
        self.embeds: dict[str, Embedding] = {}
        self._require_names(items)

    def page(self, limit: int | None, offset: int) -> list[dict[str, Any]]:
        """The finished rows of the page."""
        bounds = (limit, self.sight.rows_max(self.table.key))
        return self.all()[offset:][: min(bound for bound in bounds if bound is not None)]

    def require_values(self) -> None:
        """Raises Problem for a value that can't be read, whether or not there is a row to compare with it."""
        self._require_values(self.where)
        self._require_values(self.having)
        for aggregation in (key.field for key in self.order if isinstance(key.field, Aggregation)):
            self._require_values_of(aggregation)
        for item in self.items:
            if isinstance(item, Pick):
                self._require_values(item.where)
        for embed in self.embeds.values():
            embed.selection.require_values()

    def _require_values(self, where: Condition) -> None:
        for each in terms_in(where):
            asking = self.sight.asking(self.sight.view)
            match each:
                case Compare(left=Aggregation() as left):
                    self._require_values_of(left)
                    term, values = about_value(each, self._type_of(left))
                    require_value(cast("Compare", term), values, asking)
                case Compare():
                    require_value(each, self.table, asking)
                case Through():
                    self._related(each).selection._require_values(each.where)
                case Exists():
                    self._of_table(each)._require_values(each.where)

    def _require_values_of(self, aggregation: Aggregation) -> None:
        inner = self._within(aggregation)
        inner._require_values(aggregation.where)
        if isinstance(aggregation.field, Aggregation):
            inner._require_values_of(aggregation.field)

    def all(self) -> list[dict[str, Any]]:
        return self.finished(row for row in self.sight.rows(self.table.key) if self.admits(row))

    def admits(self, row: Row) -> bool:
        """True where the filter holds, and every inner embed has a related row."""
        inner = (embed for embed in self.embeds.values() if embed.item.join is Join.INNER)
        return self._holds(self.where, row) is True and all(embed.related(row) for embed in inner)

    def finished(self, rows: Iterable[Row]) -> list[dict[str, Any]]:
        """Rows that were admitted, sorted and with the members that were asked for."""
        if self._is_grouped():
            groups = [group for group in self._groups(list(rows)) if self._holds_of_group(self.having, group) is True]
            return [self._aggregated(group) for group in in_order(self.order, groups, self._group_value)]
        chosen = in_order(self._first_distinct(), list(rows), self._sort_value)
        if self.distinct:
            alike = [
                canonical([write_json(field_value(each, row, self.table)) for each in self.distinct]) for row in chosen
            ]
            chosen = [row for place, row in enumerate(chosen) if alike[place] not in alike[:place]]
        return [self._members(row) for row in chosen]

    def _is_grouped(self) -> bool:
        sorted_by = any(isinstance(key.field, Aggregation) and key.field.of is None for key in self.order)
        picked = any(isinstance(item, Pick) and item.aggregate for item in self.items)
        return picked or sorted_by or self.having != TRUE or self.distinct == ()

    def _first_distinct(self) -> list[Order]:
        """The order, begun by the columns of which each row is the first."""
        fields = list(self.distinct or ())
        first = [key for key in self.order if key.field in fields and key.relation is None]
        first += [Order(field) for field in fields if field not in [key.field for key in first]]
        return [*first, *(key for key in self.order if key not in first)]

    def _group_value(self, key: Order, group: list[Row]) -> Any:
        if isinstance(key.field, Aggregation):
            return rank(self._total(key.field, group), self._type_of(key.field))
        return self._sort_value(key, group[0]) if group else None

    def _holds_of_group(self, condition: Condition, group: list[Row]) -> bool | None:
        match condition:
            case And(of):
                return every(self._holds_of_group(part, group) for part in of)
            case Or(of):
                return some(self._holds_of_group(part, group) for part in of)
            case Not(of):
                return opposite(self._holds_of_group(of, group))
            case Compare(left=Aggregation() as left) | Is(left=Aggregation() as left):
                term, table = about_value(condition, self._type_of(left))
                return holds_for(term, {"value": self._total(left, group)}, table, self.sight.asking(self.sight.view))
        raise TypeError(f"{condition} is not about a group")

    def _total(self, aggregation: Aggregation, group: list[Row]) -> Any:
        """An aggregate over the rows of a group."""
        rows = [row for row in group if self._holds(aggregation.where, row) is True]
        return self._aggregate_of(aggregation, rows)

    def names(self) -> list[str]:
        """The members of each row."""
        return [name for item in self.items for name in self._names(item)]

    def _names(self, item: Item) -> list[str]:
        match item:
            case Star():
                return self._star()
            case Pick():
                return [pick_name(item)]
            case Embed():
                return self.embeds[item.name].selection.names() if item.spread else [item.name]
            case Constant() | Tally():
                return [item.name]

    def _star(self) -> list[str]:
        columns = self.table.columns.items()
        return [name for name, column in columns if name in self.readable and not column.computed]

    def _members(self, row: Row) -> dict[str, Any]:
        members: dict[str, Any] = {}
        for item in self.items:
            match item:
                case Star():
                    members.update({name: write_json(row[name]) for name in self._star()})
                case Pick(field=Field() as field):
                    members[pick_name(item)] = write_json(field_value(field, row, self.table))
                case Embed(spread=True):
                    members.update(self.embeds[item.name].spread(row))
                case Embed():
                    members[item.name] = self.embeds[item.name].value(row)
                case Constant():
                    members[item.name] = item.value
        return members

    def _groups(self, rows: list[Row]) -> list[list[Row]]:
        """Rows that agree in all that is not aggregated; without anything to agree in, one group of all rows."""
        plain = [item for item in self.items if not (isinstance(item, Pick) and item.aggregate)]
        if not plain:
            return [rows]
        groups: dict[object, list[Row]] = {}
        for row in rows:
            key = canonical({name: self._members(row)[name] for item in plain for name in self._names(item)})
            groups.setdefault(key, []).append(row)
        return list(groups.values())

    def _aggregated(self, rows: list[Row]) -> dict[str, Any]:
        plain = self._members(rows[0]) if rows else {}
        return {name: plain.get(name) for item in self.items for name in self._names(item)} | {
            pick_name(item): self._aggregate(item, rows)
            for item in self.items
            if isinstance(item, Pick) and item.aggregate
        }

    def _aggregate(self, pick: Pick, rows: list[Row]) -> Any:
        rows = [row for row in rows if self._holds(pick.where, row) is True]
        if pick.field is None:
            return cast_value(len(rows), pick.cast)
        values = [field_value(pick.field, row, self.table) for row in rows]
        type = type_of(pick.field, self.table)
        return cast_value(aggregate(pick.aggregate, [value for value in values if value is not None], type), pick.cast)

    def _sort_value(self, key: Order, row: Row) -> Any:
        if isinstance(key.field, Aggregation):
            return rank(self._aggregation(key.field, row), self._type_of(key.field))
        if key.relation is None:
            return rank(field_value(key.field, row, self.table), type_of(key.field, self.table))
        embed = self.embeds[key.relation]
        related = embed.related(row)
        return embed.selection._sort_value(Order(key.field), related[0]) if related else None

    def _holds(self, condition: Condition, row: Row, outer: Outer = ()) -> bool | None:
        """As `holds`, on the role's view of the data; a null test on an embed asks for related rows."""
        around = (*outer, (row, self.table))
        match condition:
            case And(of):
                return every(self._holds(part, row, outer) for part in of)
            case Or(of):
                return some(self._holds(part, row, outer) for part in of)
            case Not(of):
                return opposite(self._holds(of, row, outer))
            case Is(Field(column=name, path=()), truth) if name in self.embeds:
                return bool(self.embeds[name].related(row)) is (truth is Truth.NOT_NULL)
            case Through(where=where):
                embed = self._related(condition)
                return any(embed.selection._holds(where, target, around) is True for target in embed.related(row))
            case Exists(key, where):
                other = self._of_table(condition)
                return any(other._holds(where, each, around) is True for each in self.sight.rows(key))
            case Compare(left=Aggregation() as left) | Is(left=Aggregation() as left):
                term, table = about_value(condition, self._type_of(left))
                value = {"value": self._aggregation(left, row, outer)}
                return holds_for(term, value, table, self.sight.asking(self.sight.view))
        asking = msgspec.structs.replace(self.sight.asking(self.sight.view), outer=outer)
        return holds_for(condition, row, self.table, asking)

    def _aggregation(self, aggregation: Aggregation, row: Row, outer: Outer = ()) -> Any:
        """Over the related rows that the role sees, and of an embed those that its filter admits."""
        embed = self._related(cast("Through", aggregation.of))
        inner = embed.selection
        around = (*outer, (row, self.table))
        rows = [target for target in embed.related(row) if inner._holds(aggregation.where, target, around) is True]
        return inner._aggregate_of(aggregation, rows, around)

    def _aggregate_of(self, aggregation: Aggregation, rows: Sequence[Row], outer: Outer = ()) -> Any:
        if aggregation.field is None:
            return len(rows)
        fields = (aggregation.field, *aggregation.more)
        found = [[self._measure(field, row, outer) for field in fields] for row in rows]
        known = [values for values in found if None not in values]
        if aggregation.distinct:
            alike = [canonical([write_json(value) for value in values]) for values in known]
            known = [values for place, values in enumerate(known) if alike[place] not in alike[:place]]
        return aggregate(aggregation.function, [values[0] for values in known], self._measured_type(fields[0]))

    def _measure(self, field: Field | Aggregation, row: Row, outer: Outer) -> Any:
        if isinstance(field, Aggregation):
            return self._aggregation(field, row, outer)
        return field_value(field, row, self.table)

    def _measured_type(self, field: Field | Aggregation) -> ColumnType:
        return self._type_of(field) if isinstance(field, Aggregation) else type_of(field, self.table)

    def _type_of(self, aggregation: Aggregation) -> ColumnType:
        inner = self._within(aggregation)
        type = ColumnType(Kind.INTEGER, "bigint") if aggregation.field is None else None
        field = cast("Field | Aggregation", aggregation.field)
        return aggregate_type(aggregation.function, type or inner._measured_type(field))

    def _within(self, aggregation: Aggregation) -> "Selection":
        """The selection whose rows are aggregated: this one's groups, or related rows."""
        return self._related(aggregation.of).selection if isinstance(aggregation.of, Through) else self

    def _related(self, through: Through) -> "Embedding":
        """The embed of that name, which has a filter of its own; else all that the role sees of the relation."""
        embed = self.embeds.get(through.name) if through.hint is None else None
        return embed or Embedding(self, Embed(through.name, hint=through.hint))

    def _of_table(self, there: Exists) -> "Selection":
        """The rows of any table. Raises Problem where the role has none such."""
        table = self.sight.find(TableRef(there.table.name, there.table.schema))
        return Selection(self.sight, table, (), TRUE, ())

    def _require_names(self, items: Sequence[Item]) -> None:
        """Raises Problem for the first name that does not exist for the role, whether or not there is any row.

        A relation that is not there is told of before a column.
        """
        for item in items:
            if isinstance(item, Embed):
                self.embeds[item.name] = Embedding(self, item)
        for item in items:
            if isinstance(item, Pick):
                self._require_condition(item.where)
                if item.field is not None:
                    self._require(item.field)
        self._require_condition(self.where)
        self._require_condition(self.having)
        for field in self.distinct or ():
            self._require(field)
        for key in self.order:
            self._require_order(key)

    def _require_condition(self, where: Condition, outer: "tuple[Selection, ...]" = ()) -> None:
        for each in terms_in(where):
            if isinstance(each, Through):
                self._related(each).selection._require_condition(each.where, (*outer, self))
            elif isinstance(each, Exists):
                self._of_table(each)._require_condition(each.where, (*outer, self))
            elif isinstance(each, Compare | Is) and isinstance(each.left, Aggregation):
                self._require_aggregation(each.left, outer)
            for field in fields_in(each):
                if field.outer:
                    outer[-field.outer]._require(field)
                elif field.column not in self.embeds:
                    self._require(field)

    def _require_aggregation(self, aggregation: Aggregation, outer: "tuple[Selection, ...]" = ()) -> None:
        inner = self._within(aggregation)
        inner._require_condition(aggregation.where, outer if inner is self else (*outer, self))
        if isinstance(aggregation.field, Aggregation):
            inner._require_aggregation(aggregation.field, (*outer, self))
        elif aggregation.field is not None:
            inner._require(aggregation.field)
        for field in aggregation.more:
            inner._require(field)

    def _require(self, field: Field) -> None:
        if field.column not in self.readable:
            raise Problem("42703", f"column {self.table.name}.{field.column} does not exist")

    def _require_order(self, key: Order) -> None:
        if isinstance(key.field, Aggregation):
            self._require_aggregation(key.field)
        elif key.relation is None:
            self._require(key.field)
        elif key.relation not in self.embeds:
            raise Problem("PGRST108", f"'{key.relation}' is not an embedded resource in this request")
        elif not self.embeds[key.relation].relation.to_one:
            raise Problem("PGRST118", f"A related order on '{key.relation}' is not possible")
        else:
            self.embeds[key.relation].selection._require(key.field)


class Embedding:
    """Related rows inside each row of a selection."""

    def __init__(self, outer: Selection, item: Embed) -> None:
        self.item = item
        self.sight = outer.sight
        self.relation = find_relation(outer.table, item, outer.sight)
        target = outer.sight.catalog.tables[self.relation.target]
        self.selection = Selection(
            outer.sight, target, item.select, item.where, item.order, item.having, item.distinct or None
        )

    def related(self, row: Row) -> list[Row]:
        """The related rows that the role sees and the embed's filter admits, before order and page."""
        found = (target for target, _ in related_rows(self.relation, row, self.sight.view))
        return [target for target in found if self.selection.admits(target)]

    def rows(self, row: Row) -> list[dict[str, Any]]:
        bounds = (self.item.limit, self.sight.rows_max(self.relation.target), 1 if self.relation.to_one else None)
        finished = self.selection.finished(self.related(row))
        return finished[self.item.offset :][: min(bound for bound in bounds if bound is not None)]

    def value(self, row: Row) -> Any:
        rows = self.rows(row)
        if self.relation.to_one:
            return rows[0] if rows else None
        return rows

    def spread(self, row: Row) -> dict[str, Any]:
        """To-one: the related row's members, or None for each. To-many: each member a list."""
        rows = self.rows(row)
        if self.relation.to_one:
            return rows[0] if rows else dict.fromkeys(self.selection.names())
        return {name: [each[name] for each in rows] for name in self.selection.names()}


def in_order(order: Sequence[Order], things: list[T], value: Callable[[Order, T], Any]) -> list[T]:
    """By the first key, ties by the next; stable, so what is still tied stays in the database's order."""
    for key in reversed(order):
        keyed = [(value(key, each), each) for each in things]
        known = sorted((pair for pair in keyed if pair[0] is not None), key=_first, reverse=key.descending)
        unknown = [pair for pair in keyed if pair[0] is None]
        first = key.nulls is Nulls.FIRST or (key.nulls is Nulls.DEFAULT and key.descending)
        things = [each for _, each in (unknown + known if first else known + unknown)]
    return things


def pick_name(pick: Pick) -> str:
    if pick.alias is not None:
        return pick.alias
    if pick.aggregate is not None:
        return pick.aggregate.value
    if pick.field is None:
        return "count"
    keys = [step.key for step in pick.field.path if isinstance(step.key, str)]
    return keys[-1] if keys else pick.field.column


def cast_value(value: Any, name: str | None) -> Any:
    if name is None or value is None:
        return write_json(value)
    return write_json(read_text(write_text(value), cast_type(name)))


def _first(pair: tuple[Any, Any]) -> Any:
    return pair[0]
