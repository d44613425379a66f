"""Which columns of the rows that it wrote a write gives back: those that its answer and its checks look at.

PostgreSQL wants SELECT on every column of RETURNING, so that a role which may write a column that it may not read could
not write at all, were all of them asked for.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import sqlalchemy as sa

from mainstay.core.catalog import Relation, Table
from mainstay.core.condition import (
    Aggregation,
    And,
    Call,
    Compare,
    Condition,
    Exists,
    Field,
    Is,
    Not,
    Operand,
    Or,
    Related,
    both,
)
from mainstay.core.plan import Answer, Nested, Output, Select, Sort


def returning(
    target: sa.TableClause, table: Table, answer: Answer, checks: Iterable[Condition] = (), *, whole: bool = False
) -> list[Any]:
    """What stands in RETURNING: columns of the target, or a constant where none is looked at. `whole`: all columns."""
    if whole:
        return list(target.c)
    names = set(answer.key)
    names.update(name for check in checks for name in _of_condition(table, check))
    for select in answer.selects:
        names.update(_of_select(select))
    if any(table.columns[name].computed for name in names):  # of a whole row
        return list(target.c)
    return [column for column in target.c if column.name in names] or [sa.literal_column("1").label("row")]


def _of_select(select: Select) -> Iterator[str]:
    yield from _of_condition(select.table, select.where)
    for output in select.outputs:
        if isinstance(output, Nested):
            yield from _of_nested(select.table, output)
        elif isinstance(output, Output) and output.field is not None:
            yield from _of_operand(select.table, output.field)
    for sort in select.order:
        yield from _of_sort(select.table, sort)


def _of_nested(table: Table, nested: Nested) -> Iterator[str]:
    yield from _of_relation(table, nested.relation)
    yield from _of_condition(table, nested.guard)


def _of_sort(table: Table, sort: Sort) -> Iterator[str]:
    if sort.through is None:
        yield from _of_operand(table, sort.field)
    else:
        yield from _of_nested(table, sort.through)


def _of_relation(table: Table, relation: Relation) -> Iterator[str]:
    """The source's columns; all of them where a function of the whole row relates."""
    if relation.function is not None:
        yield from table.columns
    pairs = relation.pairs if relation.junction is None else relation.junction.source_pairs
    for source, _ in pairs:
        yield source


def _of_condition(table: Table, condition: Condition) -> Iterator[str]:
    match condition:
        case And(of) | Or(of):
            for part in of:
                yield from _of_condition(table, part)
        case Not(of):
            yield from _of_condition(table, of)
        case Is(left):
            yield from _of_operand(table, left)
        case Compare(left, _, right):
            yield from _of_operand(table, left)
            yield from _of_operand(table, right)
        case Related(index):
            yield from _of_relation(table, table.relations[index])
            yield from _from_within(table, condition.where, 1)
        case Exists():
            yield from _from_within(table, condition.where, 1)


def _from_within(table: Table, node: object, depth: int) -> Iterator[str]:
    """What a condition on other rows, so deep, names of the row."""
    match node:
        case Field() if node.outer == depth:
            yield from _of_operand(table, msgspec.structs.replace(node, outer=0))
        case Related() | Exists():
            yield from _from_within(table, node.where, depth + 1)
        case Aggregation(of=Related() as of):
            yield from _from_within(table, (of.where, node.where, node.field), depth + 1)
        case tuple():
            for part in node:
                yield from _from_within(table, part, depth)
        case And() | Or() | Not() | Is() | Compare() | Call():
            for name in node.__struct_fields__:
                yield from _from_within(table, getattr(node, name), depth)


def _of_operand(table: Table, operand: Operand) -> Iterator[str]:
    match operand:
        case Field(column, mask=mask):
            yield column
            if mask is not None:
                yield from _of_condition(table, mask)
        case Call(_, arguments):
            for argument in arguments:
                yield from _of_operand(table, argument)
        case Aggregation(of=Related() as of):
            yield from _of_condition(table, both(of, operand.guard))
            yield from _from_within(table, (operand.where, operand.field), 1)
