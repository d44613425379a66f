"""Pages by key: the rows that come after one, by an order that tells every row from every other.

What a cursor holds is compared like any filter's value, with the columns as the role sees them: it shows nothing.
"""

from collections.abc import Iterator, Sequence

import msgspec

from mainstay.core.catalog import Table
from mainstay.core.condition import (
    FALSE,
    TRUE,
    Aggregation,
    Compare,
    Condition,
    Field,
    Is,
    Operator,
    Or,
    Slot,
    Truth,
    both,
)
from mainstay.core.operation import Nulls
from mainstay.core.plan import Select, Sort
from mainstay.core.problem import Problem
from mainstay.plan.filter import shielded
from mainstay.plan.view import View

After = Sequence[Slot | None]


def keyed(view: View, select: Select, after: After, *, backward: bool = False) -> Select:
    """The select with its order completed by a key, from behind the row whose values `after` holds, None for NULL.

    Empty, it is the first page. `backward`: all of that from the end.
    Raises MS467 where no order tells the rows apart, MS468 for values of another order.
    """
    if select.grouped:
        raise impossible("Its rows are groups, which have no key")
    if select.distinct:
        raise impossible("Its rows are the first of several")
    if any(sort.through is not None for sort in select.order):
        raise impossible("It is sorted by a column of a related row")
    order = (*select.order, *_completing(view, select.table, select.order))
    if backward:
        order = tuple(map(_turned, order))
    if after and len(after) != len(order):
        raise other_order()
    keys = list(zip(order, after, strict=False))
    return msgspec.structs.replace(
        select, order=order, after=_after(view, select.table, keys), keyed=True, backward=backward
    )


def _turned(sort: Sort) -> Sort:
    """The other way round; where nulls are by default, they then are, too."""
    nulls = {Nulls.FIRST: Nulls.LAST, Nulls.LAST: Nulls.FIRST}.get(sort.nulls, sort.nulls)
    return msgspec.structs.replace(sort, descending=not sort.descending, nulls=nulls)


def other_order() -> Problem:
    return Problem(
        "MS468",
        "The cursor is not of this table and order",
        hint="Ask for the first page by after=(), and follow the Link headers from there.",
        where="after",
    )


def impossible(why: str) -> Problem:
    return Problem("MS467", "The rows can't be paged by key", details=why, where="after")


def _completing(view: View, table: Table, order: Sequence[Sort]) -> list[Sort]:
    """The columns of a key that the order lacks."""
    masks = view.reading(table).masks
    sorted_by = {sort.field for sort in order}
    for key in (table.primary_key, *table.unique):
        whole = key == table.primary_key or not any(table.columns[name].nullable for name in key)
        if key and whole and all(name in masks and masks[name] is None for name in key):
            return [Sort(Field(name)) for name in key if Field(name) not in sorted_by]
    raise impossible(f"No key of '{table.name}' shows in all of its rows")


def _after(view: View, table: Table, keys: Sequence[tuple[Sort, Slot | None]]) -> Condition:
    """Greater by the first key, or equal by it and greater by the second, and so on."""
    if not keys:
        return TRUE
    ways = []
    for index, (sort, value) in enumerate(keys):
        further = _further(view, table, sort, value)
        if further != FALSE:
            ways.append(both(*(_same(view, table, *key) for key in keys[:index]), further))
    return both(*_bound(view, table, *keys[0]), Or(tuple(ways)))


def _further(view: View, table: Table, sort: Sort, value: Slot | None) -> Condition:
    field, nulls_first = _field(view, table, sort), _nulls_first(sort)
    if value is None:
        return Is(field, Truth.NOT_NULL) if nulls_first else FALSE
    further = Compare(field, Operator.LT if sort.descending else Operator.GT, value)
    return further if nulls_first or not _may_be_null(table, sort) else Or((further, Is(field, Truth.NULL)))


def _same(view: View, table: Table, sort: Sort, value: Slot | None) -> Condition:
    field = _field(view, table, sort)
    return Is(field, Truth.NULL) if value is None else Compare(field, Operator.EQ, value)


def _bound(view: View, table: Table, sort: Sort, value: Slot | None) -> Iterator[Condition]:
    """What all of the ways say of the first key, so that an index on it can be used."""
    if value is not None and not _may_be_null(table, sort):
        yield Compare(_field(view, table, sort), Operator.LTE if sort.descending else Operator.GTE, value)


def _field(view: View, table: Table, sort: Sort) -> Field | Aggregation:
    return shielded(view, table, sort.field) if isinstance(sort.field, Field) else sort.field


def _nulls_first(sort: Sort) -> bool:
    return sort.nulls is Nulls.FIRST or (sort.nulls is Nulls.DEFAULT and sort.descending)


def _may_be_null(table: Table, sort: Sort) -> bool:
    field = sort.field
    if not isinstance(field, Field):
        return True
    return field != Field(field.column) or table.columns[field.column].nullable
