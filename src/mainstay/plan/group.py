"""Groups: aggregates of their rows in filters and orders, and what can be said of a group at all.

An aggregate is of values as the role sees them: a masked one is NULL, which no aggregate counts.
"""

from collections.abc import Sequence

import msgspec

from mainstay.core.catalog import Table
from mainstay.core.condition import Aggregate, Aggregation, And, Compare, Condition, Field, Is, Not, Or, Through
from mainstay.core.operation import Order
from mainstay.core.plan import Nested, Output, Select, Sort
from mainstay.core.problem import Problem
from mainstay.plan.filter import not_for_callers, resolve_field, resolve_filter
from mainstay.plan.view import View


def resolve_total(view: View, table: Table, asked: Aggregation) -> Aggregation:
    """An aggregate of a group's rows. Of groups, `name.count()` counts a column's values, and no related rows."""
    field, of = asked.field, asked.of
    if isinstance(of, Through) and asked.function is Aggregate.COUNT and field is None and of.hint is None:
        field, of = Field(of.name), None
    if of is not None:
        raise Problem("42803", "rows that are grouped have no related rows of their own", where="query")
    view.require_aggregates(table)
    if isinstance(field, Aggregation) or asked.function is Aggregate.ONLY:
        raise not_for_callers()
    label = f"{field.column}.{asked.function.value}()" if field is not None else "count()"
    return Aggregation(
        asked.function,
        None if field is None else resolve_field(view, table, field, label),
        resolve_filter(view, table, asked.where),
        more=tuple(resolve_field(view, table, each, label) for each in asked.more),
        distinct=asked.distinct,
    )


def resolve_having(view: View, table: Table, having: Condition) -> Condition:
    """The condition on groups. Raises MS465 for a term that is not about an aggregate."""
    match having:
        case And(of):
            return And(tuple(resolve_having(view, table, part) for part in of))
        case Or(of):
            return Or(tuple(resolve_having(view, table, part) for part in of))
        case Not(of):
            return Not(resolve_having(view, table, of))
        case Compare(left=Aggregation() as left) | Is(left=Aggregation() as left):
            if isinstance(having, Compare) and isinstance(having.right, Field | Aggregation):
                raise not_for_callers()
            return msgspec.structs.replace(having, left=resolve_total(view, table, left))
    raise not_for_callers()


def is_grouped(outputs: Sequence[Output | Nested]) -> bool:
    return any(
        output.aggregate is not None
        if isinstance(output, Output)
        else output.spread and output.relation.to_one and is_grouped(output.select.outputs)
        for output in outputs
    )


def sorts_groups(order: Sequence[Order]) -> bool:
    """True where a sort key can only be of a group."""
    return any(isinstance(key.field, Aggregation) and key.field.of is None for key in order)


def require_grouped(table: Table, sorts: Sequence[Sort], outputs: Sequence[Output | Nested]) -> None:
    """Raises 42803, as PostgreSQL would; but it would name the first column in a mask, which may be a hidden one."""
    for sort in sorts:
        if isinstance(sort.field, Aggregation):
            continue
        spread = sort.through is not None and sort.through.spread
        members = sort.through.select.outputs if sort.through is not None and spread else outputs
        plain = [each.field for each in members if isinstance(each, Output) and each.aggregate is None]
        if sort.field not in plain or (sort.through is not None and not spread):
            owner = table if sort.through is None else sort.through.target
            raise Problem(
                "42803",
                f'column "{owner.name}.{sort.field.column}" must appear in the GROUP BY clause or be used in an '
                "aggregate function",
                where="order",
            )


def distinct(view: View, select: Select, columns: Sequence[Field]) -> Select:
    """The first row, by the order, of those that are alike in the columns, which the order then begins with.

    Raises MS470 for groups, and where nothing is selected.
    """
    nothing = select.summary is None and all(isinstance(each, Nested) and each.hidden for each in select.outputs)
    if select.grouped or nothing:
        why = "Its rows are groups" if select.grouped else "It selects nothing"
        raise Problem("MS470", "Distinct columns do not apply to this select", details=why, where="distinct")
    fields = tuple(resolve_field(view, select.table, column, f"distinct {column.column}") for column in columns)
    first = [sort for sort in select.order if sort.through is None and sort.field in fields]
    named = {sort.field for sort in first}
    first += [Sort(field) for field in fields if field not in named]
    rest = (sort for sort in select.order if sort not in first)
    return msgspec.structs.replace(select, order=(*first, *rest), distinct=fields)
