"""One statement for many requests of one shape.

A read's text becomes a LATERAL subquery over `unnest`, a row of values for each request; a plain insert's payloads
become one JSON array. Neither knows how many requests there are.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from mainstay.core.catalog import Catalog
from mainstay.core.plan import InsertPlan
from mainstay.core.statement import Batch, Bind
from mainstay.sql.binds import Binds, Named, RowBinds, parameter, render
from mainstay.sql.condition import Conditions
from mainstay.sql.document import Answering
from mainstay.sql.overlay import Overlay
from mainstay.sql.write import insert_answer


def batched(answering: Callable[[Conditions], Answering], catalog: Catalog, binds: Sequence[Bind]) -> Batch | None:
    """The answer to one request as one for many.

    None where nothing varies: such requests are one and the same, and share one answer.
    """
    varying = [bind for bind in binds if not bind.constant]
    if not varying:
        return None
    row = _rows_of_values(len(varying))
    row_binds = RowBinds(varying)
    answer = answering(Conditions(catalog, row_binds)).select.lateral("answer")
    statement = sa.select(*answer.c).select_from(row.join(answer, sa.true())).order_by(row.c.number)
    text, names = render(statement)
    sources = {f"a{index}": bind for index, bind in enumerate(varying)} | row_binds.by_name
    return Batch(text, tuple(list(binds).index(sources[name]) for name in names))


def _rows_of_values(width: int) -> sa.FromClause:
    columns = [sa.column(f"v{index}", sa.Text()) for index in range(width)]
    arrays = [_array(f"a{index}") for index in range(width)]
    unnest: Any = sa.func.unnest(*arrays).table_valued(*columns, with_ordinality="number")
    rows_of: sa.FromClause = unnest.render_derived("request")
    return rows_of


def _array(name: str) -> Any:
    """A parameter as an array whose length the planner can't see.

    Where it does, a plan for a known short array looks cheaper than the generic one, and PostgreSQL plans anew at each
    execution: below ten requests in a batch that more than doubled its time for a row by key.
    """
    array = sa.cast(parameter(name), Named("text[]"))
    return sa.select(array).scalar_subquery()


def batched_insert(plan: InsertPlan, catalog: Catalog, binds: Sequence[Bind]) -> Batch | None:
    """For inserts of one object that answer with nothing; None for any other."""
    answers = plan.answer.select is not None or plan.answer.key
    if not plan.single or plan.conflict is not None or answers or plan.guard.affected_max is not None:
        return None
    many = Binds()
    answer = insert_answer(Overlay(catalog, many), msgspec.structs.replace(plan, single=False))
    text, names = render(answer.select)
    sources = [bind.source for bind in binds]
    return Batch(text, tuple(sources.index(many.by_name[name].source) for name in names), joined=True)
