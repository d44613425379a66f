"""Several reads as one statement: each one's document is a member of one object, all of one snapshot."""

import sqlalchemy as sa

from mainstay.core.plan import InvokePlan, ReadPlan, TogetherPlan
from mainstay.core.statement import Column
from mainstay.sql.binds import Expression, inline
from mainstay.sql.call import invoke_answer
from mainstay.sql.condition import Conditions
from mainstay.sql.document import Answering
from mainstay.sql.json import Pair, json_object
from mainstay.sql.read import read_answer


def together_answer(conditions: Conditions, plan: TogetherPlan) -> Answering:
    pairs: list[Pair] = []
    for name, member in plan.members:
        if isinstance(member, str):
            pairs.append((name, inline(member)))
            continue
        part = _answer(conditions, member).select.subquery(conditions.alias())
        pairs.append((name, sa.select(part.c[Column.BODY.value]).scalar_subquery()))
    one: Expression = sa.literal_column("1")
    answer = sa.select(one.label(Column.ROWS.value), json_object(pairs).label(Column.BODY.value))
    return Answering(answer, (Column.ROWS, Column.BODY))


def _answer(conditions: Conditions, plan: ReadPlan | InvokePlan) -> Answering:
    return invoke_answer(conditions, plan) if isinstance(plan, InvokePlan) else read_answer(conditions, plan, 0)
