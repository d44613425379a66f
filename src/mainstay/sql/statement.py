"""Plans to statements: the single form, and for what can share a round trip, the batched one."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
import sqlalchemy as sa

from mainstay.core.catalog import Catalog, Volatility
from mainstay.core.condition import Slot
from mainstay.core.operation import Count, Format
from mainstay.core.plan import (
    Answer,
    DeletePlan,
    Guard,
    InsertPlan,
    InvokePlan,
    NestedPlan,
    Plan,
    ReadPlan,
    TogetherPlan,
    UpdatePlan,
)
from mainstay.core.statement import Bind, Column, Mode, Statement
from mainstay.sql.batch import batched, batched_insert
from mainstay.sql.binds import Binds, Typed, render
from mainstay.sql.call import invoke_answer
from mainstay.sql.condition import Conditions
from mainstay.sql.dialect import POSTGRESQL, Dialect
from mainstay.sql.document import Answering
from mainstay.sql.nested import nested_answer
from mainstay.sql.overlay import Overlay
from mainstay.sql.read import countable, read_answer, rows
from mainstay.sql.script import write_script
from mainstay.sql.together import together_answer
from mainstay.sql.write import delete_answer, insert_answer, update_answer

W = TypeVar("W", InsertPlan, UpdatePlan, DeletePlan)


def compile_plan(plan: Plan, catalog: Catalog, *, answers: bool = False, dialect: Dialect = POSTGRESQL) -> Statement:
    """The SQL of a plan, as plain data. Raises Problem for what the dialect has no words for.

    `answers`: code in the database may choose the status and headers of the answer, so the statement asks for them,
    and answers one request alone.
    """
    if not dialect.casts:
        return _plain(plan, catalog, dialect)
    match plan:
        case ReadPlan():
            return _read(plan, catalog, answers=answers)
        case TogetherPlan():
            return _together(plan, catalog, answers=answers)
        case InsertPlan():
            return _insert(plan, catalog, answers=answers)
        case UpdatePlan():
            return _write(plan, plan.guard, catalog, update_answer, answers=answers)
        case DeletePlan():
            return _write(plan, plan.guard, catalog, delete_answer, answers=answers)
        case InvokePlan():
            return _invoke(plan, catalog, answers=answers)
        case NestedPlan():
            overlay = Overlay(catalog, Binds())
            return _written(overlay, nested_answer(overlay, plan), plan.answer, plan.guard, answers=answers)


def with_response(answer: Answering, *, answers: bool) -> Answering:
    """With the columns of what code in the database wants to be answered."""
    if not answers:
        return answer
    for column, name in ((Column.STATUS, "response.status"), (Column.HEADERS, "response.headers")):
        setting = sa.func.current_setting(sa.literal_column(f"'{name}'"), sa.true())
        answer = answer.adding(column, sa.func.nullif(setting, sa.literal_column("''")))
    return answer


def _plain(plan: Plan, catalog: Catalog, dialect: Dialect) -> Statement:
    """For one request alone."""
    binds = Typed(dialect)
    match plan:
        case InsertPlan() | UpdatePlan() | DeletePlan():
            return write_script(plan, catalog, dialect)
        case ReadPlan():
            answer = read_answer(Conditions(catalog, binds), plan, plan.counted_max)
            if plan.count in (Count.PLANNED, Count.ESTIMATED):
                raise dialect.lacking("estimates of a number of rows")
        case TogetherPlan():
            answer = together_answer(Conditions(catalog, binds), plan)
        case NestedPlan():
            raise dialect.lacking("writes of nested rows")
        case InvokePlan():
            raise dialect.lacking("functions of its own")
    text, names = render(answer.select, dialect)
    single = isinstance(plan, ReadPlan) and plan.format is Format.OBJECT and plan.handling is None
    return Statement(
        text=text, binds=binds.in_order(names), columns=answer.columns, single=single, dialect=dialect.name
    )


def _read(plan: ReadPlan, catalog: Catalog, *, answers: bool) -> Statement:
    binds = Binds()
    answer = with_response(read_answer(Conditions(catalog, binds), plan, plan.counted_max), answers=answers)
    text, names = render(answer.select)
    used = binds.in_order(names)
    return Statement(
        text=text,
        binds=used,
        columns=answer.columns,
        mode=Mode.READ,
        batch=None if answers else batched(lambda each: read_answer(each, plan, plan.counted_max), catalog, used),
        single=plan.format is Format.OBJECT and plan.handling is None,
        media=None if plan.handling is None else plan.handling.media,
        estimate=_estimate(plan, catalog),
        estimate_from=plan.counted_max if plan.count is Count.ESTIMATED else 0,
    )


def _together(plan: TogetherPlan, catalog: Catalog, *, answers: bool) -> Statement:
    binds = Binds()
    answer = with_response(together_answer(Conditions(catalog, binds), plan), answers=answers)
    text, names = render(answer.select)
    used = binds.in_order(names)
    alone = any(function.volatility is Volatility.VOLATILE for function in plan.called)
    return Statement(
        text=text,
        binds=used,
        columns=answer.columns,
        mode=Mode.READ,
        batch=None if alone or answers else batched(lambda each: together_answer(each, plan), catalog, used),
        alone=alone,
        calls=bool(plan.called),
        settings=tuple(dict.fromkeys(setting for function in plan.called for setting in function.settings)),
    )


def _estimate(plan: ReadPlan, catalog: Catalog) -> Statement | None:
    if plan.count not in (Count.PLANNED, Count.ESTIMATED):
        return None
    binds = Binds()
    text, names = render(rows(Conditions(catalog, binds), countable(plan.select)))
    return Statement(text=text, binds=binds.in_order(names), columns=())


def _invoke(plan: InvokePlan, catalog: Catalog, *, answers: bool) -> Statement:
    """Calls of one function share a round trip as reads do, where calling it twice must give the same."""
    binds = Binds()
    answer = with_response(invoke_answer(Conditions(catalog, binds), plan), answers=answers)
    text, names = render(answer.select)
    used = binds.in_order(names)
    alone = plan.function.volatility is Volatility.VOLATILE or plan.guard.affected_max is not None
    return Statement(
        text=text,
        binds=used,
        columns=answer.columns,
        mode=Mode.WRITE if plan.writes else Mode.READ,
        batch=None if alone or answers else batched(lambda each: invoke_answer(each, plan), catalog, used),
        single=plan.guard.single,
        guard=plan.guard,
        alone=alone,
        calls=True,
        settings=plan.function.settings,
        media=plan.media if plan.handling is None else plan.handling.media,
    )


def _insert(plan: InsertPlan, catalog: Catalog, *, answers: bool) -> Statement:
    statement = _write(plan, plan.guard, catalog, insert_answer, answers=answers)
    batch = None if answers else batched_insert(plan, catalog, statement.binds)
    if batch is None:
        return statement
    # Requests group where all but their payload is the same, so that every bind but the payload is a constant.
    binds = tuple(Bind(bind.source, constant=bind.source != Slot(plan.payload)) for bind in statement.binds)
    return msgspec.structs.replace(statement, batch=batch, binds=binds)


def _write(
    plan: W, guard: Guard, catalog: Catalog, answering: Callable[[Overlay, W], Answering], *, answers: bool
) -> Statement:
    conditions = Overlay(catalog, Binds())
    return _written(conditions, answering(conditions, plan), plan.answer, guard, answers=answers)


def _written(conditions: Conditions, answering: Answering, answer: Answer, guard: Guard, *, answers: bool) -> Statement:
    answering = with_response(answering, answers=answers)
    text, names = render(conditions.checked(answering.select))
    return Statement(
        text=text,
        binds=conditions.binds.in_order(names),
        columns=answering.columns,
        mode=Mode.WRITE,
        single=guard.single,
        guard=guard,
        media=None if answer.handling is None else answer.handling.media,
    )
