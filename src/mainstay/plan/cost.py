"""What a plan may cost at most: values read, as many rows at each level as its limits let through.

It is an estimate from above, made of the plan alone: what is in the tables is not asked.
"""

from mainstay.core.limits import Limits
from mainstay.core.operation import Format
from mainstay.core.plan import (
    Edged,
    Held,
    InvokePlan,
    Listed,
    Nested,
    Output,
    Plan,
    ReadPlan,
    Select,
    Summed,
    TogetherPlan,
)
from mainstay.core.problem import Problem

UNLIMITED_ROWS = 1_000


def require_cost(plan: Plan, limits: Limits) -> None:
    """Raises MS492 past `cost_max`."""
    cost = cost_of(plan, limits)
    if cost > limits.cost_max:
        raise Problem(
            "MS492",
            f"The request may read {cost} values: at most {limits.cost_max} are allowed",
            hint="Set limits for related rows, or ask for fewer levels of them.",
            where="select",
        )


def cost_of(plan: Plan, limits: Limits) -> int:
    match plan:
        case ReadPlan() | InvokePlan():
            return _of_select(plan.select, limits, one=plan.format is Format.FIRST)
        case TogetherPlan():
            return sum(cost_of(member, limits) for _, member in plan.members if not isinstance(member, str))
        case _:
            return sum(_of_select(select, limits) for select in plan.answer.selects)


def _of_select(select: Select, limits: Limits, *, one: bool = False) -> int:
    rows = 1 if one else _rows(select.limit, limits)
    if select.summary is not None:
        return sum(_of_member(member, rows, limits) for member in select.summary)
    return rows * _of_outputs(select.outputs, limits)


def _of_outputs(outputs: tuple[Output | Nested, ...], limits: Limits) -> int:
    return sum(
        _of_select(each.select, limits, one=each.relation.to_one) if isinstance(each, Nested) and not each.hidden else 1
        for each in outputs
    )


def _of_member(member: Summed, rows: int, limits: Limits) -> int:
    match member:
        case Held():
            return sum(_of_member(each, rows, limits) for each in member.members)
        case Listed():
            return min(rows, _rows(member.limit, limits)) * _of_outputs(member.outputs, limits)
        case Edged():
            return rows * sum(_of_outputs(each.outputs, limits) for each in member.members if isinstance(each, Listed))
        case _:
            return 1


def _rows(limit: int | None, limits: Limits) -> int:
    """Of a list without a limit a thousand at most, so that who allows larger answers is not refused deep ones."""
    if limit is None or limit >= limits.rows_max:
        return min(limits.rows_max, UNLIMITED_ROWS)
    return limit
