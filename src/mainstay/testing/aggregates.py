"""Aggregates over values in plain Python, and what a condition is made of."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec

from mainstay.core.catalog import Column, ColumnType, Kind, Table, TableKey
from mainstay.core.condition import STATISTICS, Aggregate, And, Call, Compare, Condition, Field, Is, Not, Or
from mainstay.testing.truth import rank

VALUE = Field("value")
"""An aggregate's value, as a column of a table that has no other."""


def aggregate(function: Aggregate | None, values: list[Any], type: ColumnType) -> Any:
    """Over values that are not NULL; of none, only the count is known. An average of whole numbers is a numeric."""
    if function is Aggregate.COUNT:
        return len(values)
    if not values:
        return None
    match function:
        case Aggregate.ONLY:
            return values[0]
        case Aggregate.BOOL_AND:
            return all(values)
        case Aggregate.BOOL_OR:
            return any(values)
        case _ if function in STATISTICS:
            return _statistic(function, [Fraction(value) for value in values])
        case Aggregate.MIN:
            return min(values, key=lambda value: rank(value, type))
        case Aggregate.MAX:
            return max(values, key=lambda value: rank(value, type))
        case Aggregate.SUM:
            return sum(values)
    return sum(values) / (len(values) if type.kind is Kind.FLOAT else Decimal(len(values)))


def _statistic(function: Aggregate, values: list[Fraction]) -> Decimal | None:
    """Of one value alone, only those of a whole population are known."""
    population = function in (Aggregate.STDDEV_POP, Aggregate.VAR_POP)
    count = len(values) if population else len(values) - 1
    if count == 0:
        return None
    mean = Fraction(sum(values), len(values))
    exact = Fraction(sum((value - mean) * (value - mean) for value in values), count)
    variance = Decimal(exact.numerator) / Decimal(exact.denominator)
    return variance if function in (Aggregate.VAR_POP, Aggregate.VAR_SAMP, Aggregate.VARIANCE) else variance.sqrt()


def aggregate_type(function: Aggregate, type: ColumnType) -> ColumnType:
    """What a value is read as that an aggregate of values of the type is compared with."""
    match function:
        case Aggregate.COUNT:
            return ColumnType(Kind.INTEGER, "bigint")
        case Aggregate.MIN | Aggregate.MAX | Aggregate.ONLY:
            return type
        case Aggregate.BOOL_AND | Aggregate.BOOL_OR:
            return ColumnType(Kind.BOOLEAN, "boolean")
    return type if type.kind is Kind.FLOAT else ColumnType(Kind.NUMERIC, "numeric")


def about_value(term: Compare | Is, type: ColumnType) -> tuple[Compare | Is, Table]:
    """The term about VALUE instead of its aggregate, and the table that has it."""
    return msgspec.structs.replace(term, left=VALUE), Table(TableKey("", "values"), {"value": Column("value", type)})


def terms_in(node: Condition) -> Iterator[Condition]:
    """What a condition is made of, in order, without what joins it."""
    match node:
        case And(of) | Or(of):
            for part in of:
                yield from terms_in(part)
        case Not(of):
            yield from terms_in(of)
        case _:
            yield node


def fields_in(node: object) -> Iterator[Field]:
    """Every field that a term names, but for those of related rows."""
    match node:
        case Field():
            yield node
        case Is(left, _):
            yield from fields_in(left)
        case Compare():
            yield from fields_in(node.left)
            yield from fields_in(node.right)
        case Call():
            for argument in node.arguments:
                yield from fields_in(argument)
