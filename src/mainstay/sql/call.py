"""Calls as SQL: the function is called once, in a CTE, and its rows are read like a table's.

`WITH called AS (SELECT … FROM f(a => …)) SELECT body, rows FROM called`: PostgreSQL inlines the CTE of a function that
is not volatile where it is read once, so that filters reach into it. Arguments are in named notation, and typed as the
function declares them: https://www.postgresql.org/docs/current/sql-syntax-calling-funcs.html
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import array

from mainstay.core.catalog import Function, Kind
from mainstay.core.condition import Literal, Slot
from mainstay.core.operation import Count, Format
from mainstay.core.plan import InvokePlan, Passed
from mainstay.core.statement import Column
from mainstay.sql.binds import Expression, Named, cast, literal
from mainstay.sql.condition import Conditions
from mainstay.sql.document import Answering, document, handled, object_of
from mainstay.sql.function import NamedCall
from mainstay.sql.read import countable, names_of, rows, summary_answer

CALLED = "called"


def invoke_answer(conditions: Conditions, plan: InvokePlan) -> Answering:
    """The body, how many rows it holds, and how many there are; of what may write, how many the function returned."""
    called = _called(conditions, plan)
    if plan.select.summary is not None:
        summed = conditions.checked(summary_answer(conditions, plan.select, called)).add_cte(called, nest_here=True)
        return Answering(summed, (Column.ROWS, Column.BODY))
    page = rows(conditions, plan.select, called)
    answer = _document(page, plan)
    if plan.count is not Count.NONE:
        counted = rows(conditions, countable(plan.select), called).subquery(conditions.alias())
        answer = answer.adding(Column.TOTAL, _count(counted))
    if plan.writes:  # which also has all of it done where the page wants less
        answer = answer.adding(Column.AFFECTED, _count(called))
    select = conditions.checked(answer.select).add_cte(called, nest_here=True)
    return Answering(select, answer.columns)


def _count(source: sa.FromClause) -> Expression:
    return sa.select(sa.func.count()).select_from(source).scalar_subquery()


def _called(conditions: Conditions, plan: InvokePlan) -> sa.CTE:
    function = plan.function
    members = _members(conditions, plan)
    values = [(each.argument, _value(conditions, each, members)) for each in plan.passed]
    call = NamedCall(function.key, values)
    if function.rows is None:  # in the select list, for what has no columns to name, such as a record
        select = sa.select(call.label(function.key.name))
        return (select if members is None else select.select_from(members)).cte(CALLED)
    columns = [column.name for column in plan.select.table.columns.values() if not column.computed]
    returned = call.table_valued(*columns).alias("returned")
    source = returned if members is None else members.join(returned, sa.true())
    return sa.select(*returned.c).select_from(source).cte(CALLED)


def _members(conditions: Conditions, plan: InvokePlan) -> sa.FromClause | None:
    """The payload's members as columns of the arguments' types; a member that is not there leaves the default."""
    if plan.payload is None:
        return None
    body: Expression = sa.cast(conditions.binds.text(Slot(plan.payload)), Named("json"))
    if plan.array:
        body = body.op("->")(sa.literal_column("0"))
    typed = [
        sa.column(each.argument.name, Named(each.argument.type.name)) for each in plan.passed if each.value is None
    ]
    members: sa.FromClause = sa.func.json_to_record(body).table_valued(*typed).render_derived("given", with_types=True)
    return members


def _value(conditions: Conditions, passed: Passed, members: sa.FromClause | None) -> Expression:
    """The argument as a value of its type."""
    argument, source = passed.argument, passed.value
    if source is None:
        if members is None:
            raise TypeError(f"{argument.name} is in no payload")
        return members.c[argument.name]
    if isinstance(source, Literal):
        return sa.cast(literal(source), Named(argument.type.name))
    text = conditions.binds.text(source)
    if argument.variadic and not source.many:
        element = argument.type.element
        return array([cast(text, element.name if element else "text")])
    return cast(text, argument.type.name)


def _document(page: sa.Select[Any], plan: InvokePlan) -> Answering:
    """One value or row by itself, several as an array; nothing at all of what returns nothing."""
    function = plan.function
    if function.returns.kind is Kind.VOID:
        return document(page, Format.NONE, strip_nulls=False)
    if plan.handling is not None:
        return handled(page, plan.handling)
    if plan.format is Format.CSV and plan.media is None:
        return document(page, Format.CSV, strip_nulls=False)
    rows_of = page.subquery("page")
    body = _json(rows_of, plan) if plan.media is None else _as_it_is(rows_of, function)
    return Answering(sa.select(sa.func.count().label(Column.ROWS.value)).select_from(rows_of), (Column.ROWS,)).adding(
        Column.BODY, body
    )


def _json(rows_of: sa.Subquery, plan: InvokePlan) -> Expression:
    plain = plan.function.rows is None
    value: Any = next(iter(rows_of.c)) if plain else object_of(rows_of, names_of(plan.select))
    listed: Expression = sa.func.json_agg(value)
    if plan.function.many and plan.format is not Format.OBJECT:
        body: Expression = sa.func.coalesce(listed, sa.literal_column("'[]'"))
    else:
        body = sa.func.coalesce(listed.op("->")(sa.literal_column("0")), sa.literal_column("'null'"))
    return sa.func.json_strip_nulls(body) if plan.strip_nulls else body


def _as_it_is(rows_of: sa.Subquery, function: Function) -> Expression:
    """The value's own text or bytes; NULL is empty."""
    value = next(iter(rows_of.c))
    if function.returns.kind is Kind.BINARY:
        empty = sa.cast(sa.literal_column("''"), Named("bytea"))
        return sa.func.coalesce(sa.func.string_agg(sa.cast(value, Named("bytea")), empty), empty)
    if function.returns.name.lower() == "xml":
        return sa.func.xmlagg(value)  # as a value of its type is written, rather than as it was put in
    blank: Expression = sa.literal_column("''")
    return sa.func.coalesce(sa.func.string_agg(sa.cast(value, Named("text")), blank), blank)
