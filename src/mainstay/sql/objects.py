"""The objects of a payload with nested rows, level by level, and the INSERT of rows whose keys are known beforehand."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from mainstay.core.condition import Slot
from mainstay.core.plan import Branch, NestedPlan
from mainstay.sql.binds import Expression, Named, inline
from mainstay.sql.condition import Conditions

# Beside the columns of a table, under names that no column is likely to have.
NUMBER = "row number"
ABOVE = "parent number"
OBJECT = "whole object"

ONE = sa.literal_column("1", sa.Integer())


def root_objects(conditions: Conditions, plan: NestedPlan) -> sa.Select[Any]:
    body = sa.cast(conditions.binds.text(Slot(plan.payload)), Named("json"))
    if plan.single:
        return sa.select(ONE.label(NUMBER), body.label(OBJECT))
    element = _elements(body)
    return sa.select(element.c.number.label(NUMBER), element.c.value.label(OBJECT)).select_from(element)


def objects_of(branch: Branch, above: sa.FromClause) -> sa.Select[Any]:
    """The objects of a branch, numbered in the payload's order. One to one, an object has its parent's number."""
    value = above.c[OBJECT].op("->")(inline(branch.key))
    kind: Any = sa.func.json_typeof(value)
    number = above.c[NUMBER]
    if branch.relation.to_one:
        columns = (number.label(NUMBER), number.label(ABOVE), value.label(OBJECT))
        return sa.select(*columns).where(kind == inline("object"))
    element = _elements(sa.case((kind == inline("array"), value)))
    numbered = sa.func.row_number().over(order_by=(number, element.c.number))
    columns = (numbered.label(NUMBER), number.label(ABOVE), element.c.value.label(OBJECT))
    return sa.select(*columns).select_from(above.join(element, sa.true()))


def _elements(array: Expression) -> Any:
    value = sa.column("value", Named("json"))
    return sa.func.json_array_elements(array).table_valued(value, with_ordinality="number").render_derived("element")


def has_key(source: sa.FromClause, key: str) -> Any:
    return sa.cast(source.c[OBJECT], Named("jsonb")).op("?")(inline(key))


class Overriding(sa.Select[Any]):
    """The rows of an INSERT that has values for a column which is GENERATED ALWAYS AS IDENTITY."""

    inherit_cache = False


@compiles(Overriding)
def _written_overriding(element: Overriding, compiler: Any, **options: Any) -> str:
    return f"OVERRIDING SYSTEM VALUE {compiler.visit_select(element, **options)}"
