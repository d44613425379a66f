"""Aggregate functions, and the types of what they give."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from mainstay.core.catalog import ColumnType, Kind
from mainstay.core.condition import Aggregate
from mainstay.core.operation import Tally
from mainstay.sql.binds import Expression


def aggregated(function: Aggregate, value: Expression | None) -> Any:
    """The aggregate of the value; None counts rows."""
    if function is Aggregate.ONLY:
        return value
    return sa.func.count() if value is None else getattr(sa.func, function.value)(value)


def aggregated_all(function: Aggregate, values: Sequence[Expression], *, distinct: bool) -> Any:
    """The aggregate of the values; several are counted where all of them are there."""
    if not values:
        return sa.func.count()
    value: Any = values[0] if len(values) == 1 else _all_there(values)
    return aggregated(function, sa.distinct(value) if distinct else value)


def tallied(tally: Tally, values: Sequence[Expression]) -> Any:
    return aggregated_all(tally.aggregate, values, distinct=tally.distinct)


def _all_there(values: Sequence[Expression]) -> Expression:
    """The values as a row, which is NULL where one of them is."""
    there = sa.func.num_nulls(*values) == sa.literal_column("0")
    return sa.case((there, sa.func.row(*values)))


def aggregate_type(function: Aggregate, name: str, type_: ColumnType | None) -> str:
    """What the aggregate of a value of the type, whose name in a cast is `name`, is compared as.

    https://www.postgresql.org/docs/current/functions-aggregate.html; where PostgreSQL gives a bigint, a numeric
    compares with it as well.
    """
    if function is Aggregate.COUNT:
        return "bigint"
    if function in (Aggregate.MIN, Aggregate.MAX, Aggregate.ONLY):
        return name
    if function in (Aggregate.BOOL_AND, Aggregate.BOOL_OR):
        return "boolean"
    kind = type_.kind if type_ is not None else None
    return {Kind.FLOAT: "double precision", Kind.INTERVAL: "interval"}.get(kind, "numeric") if kind else "numeric"
