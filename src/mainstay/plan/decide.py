"""An operation's shape and a role in, a plan out. The one place where the room's steps are put in order."""

from collections.abc import Iterator

import msgspec

from mainstay.core.catalog import Catalog, Table
from mainstay.core.condition import TRUE, Aggregation, And, Compare, Condition, Exists, Is, Not, Or, Related, both
from mainstay.core.limits import Limits
from mainstay.core.operation import Count, Delete, Format, Insert, Invoke, Put, Read, Shape, Together, Update
from mainstay.core.plan import InvokePlan, Nested, Plan, ReadPlan, Select, TogetherPlan
from mainstay.core.problem import Problem
from mainstay.plan.call import plan_invoke
from mainstay.plan.cost import require_cost
from mainstay.plan.group import distinct
from mainstay.plan.handle import handling, unavailable
from mainstay.plan.keyset import impossible, keyed
from mainstay.plan.limit import limit_select
from mainstay.plan.nested import plan_nested_insert, plan_nested_put, plan_nested_update
from mainstay.plan.resolve import resolve_select, resolve_summary
from mainstay.plan.view import Policy, View
from mainstay.plan.write import plan_delete, plan_insert, plan_put, plan_update

# An estimated count is exact up to here, or to the rows of an answer where these are fewer, as in PostgREST.
COUNTED_MAX = 1_000


def decide(shape: Shape, role: str, catalog: Catalog, policy: Policy, limits: Limits) -> Plan:
    """The plan of an operation for a role. Raises Problem for names that the role can't see and deeds it may not do."""
    plan = _plan(View(catalog, policy, role, limits), shape)
    require_cost(plan, limits)
    return plan


def _plan(view: View, shape: Shape) -> Plan:
    match shape:
        case Read():
            return plan_read(view, shape)
        case Together():
            return plan_together(view, shape)
        case Insert():
            return plan_nested_insert(view, shape) if shape.children else plan_insert(view, shape)
        case Put():
            return plan_nested_put(view, shape) if shape.children else plan_put(view, shape)
        case Update():
            return plan_nested_update(view, shape) if shape.children else plan_update(view, shape)
        case Delete():
            return plan_delete(view, shape)
        case Invoke():
            return plan_invoke(view, shape)


def plan_read(view: View, read: Read) -> ReadPlan:
    table = view.table(read.table)
    groups = read.distinct == ()
    resolved = resolve_select(view, table, read.select, read.where, read.order, having=read.having, groups=groups)
    if read.summary is not None:
        resolved = msgspec.structs.replace(resolved, summary=resolve_summary(view, table, read.summary, "select"))
    if read.distinct:
        resolved = distinct(view, resolved, read.distinct)
    if read.after is not None:
        resolved = keyed(view, resolved, read.after, backward=read.backward)
    page = msgspec.structs.replace(resolved, limit=read.limit, offset=read.offset, resumable=read.resumable)
    select = limit_select(view, page)
    written = handling(view, table, read.select, read.accepts)
    if written is not None and select.keyed:
        raise impossible(f"The database writes {written.media} itself")
    if written is None and read.format is None:
        raise unavailable(read.accepts)
    count = _count(view, read.count, select)
    format_ = read.format or Format.ARRAY
    return ReadPlan(
        select=select,
        count=count,
        format=format_,
        strip_nulls=read.strip_nulls,
        handling=written,
        layout=read.layout,
        counted_max=min(COUNTED_MAX, view.limits.rows_max) if count is Count.ESTIMATED else 0,
    )


def plan_together(view: View, together: Together) -> TogetherPlan:
    """Each as by itself, and `where` of a problem begins with the member that it is about."""
    members: list[tuple[str, ReadPlan | InvokePlan | str]] = []
    for name, member in together.members:
        try:
            members.append((name, _plan_member(view, member)))
        except Problem as problem:
            problem.where = f"{name}.{problem.where}"
            raise
    return TogetherPlan(tuple(members))


def _plan_member(view: View, member: Read | Invoke | str) -> ReadPlan | InvokePlan | str:
    match member:
        case Read():
            return plan_read(view, member)
        case Invoke():
            return plan_invoke(view, msgspec.structs.replace(member, safe=True))
        case str():
            return member


def _count(view: View, count: Count, select: Select) -> Count:
    """The planner estimates from statistics of all rows, so its number would tell of those that the role can't see."""
    if count not in (Count.PLANNED, Count.ESTIMATED):
        return count
    readings = (view.policy.reading(view.role, table.key) for table in _counted(view, select))
    return count if all(reading is not None and reading.rows == TRUE for reading in readings) else Count.EXACT


def _counted(view: View, select: Select) -> Iterator[Table]:
    """The tables that decide how many rows there are."""
    yield select.table
    yield from _related(view, select.table, select.where)
    for output in select.outputs:
        if isinstance(output, Nested):
            yield from _counted(view, output.select)


def _related(view: View, table: Table, condition: Condition) -> Iterator[Table]:
    """The tables that the condition asks for related rows, and those between."""
    match condition:
        case And(of) | Or(of):
            for part in of:
                yield from _related(view, table, part)
        case Not(of):
            yield from _related(view, table, of)
        case (
            Compare(left=Aggregation(of=Related() as related) as left)
            | Is(left=Aggregation(of=Related() as related) as left)
        ):
            narrowed = msgspec.structs.replace(related, where=both(related.where, left.where))
            yield from _related(view, table, narrowed)
        case Related():
            relation = table.relations[condition.relation]
            target = view.target(relation)
            if relation.junction is not None:
                yield view.catalog.tables[relation.junction.table]
            yield target
            yield from _related(view, target, condition.where)
        case Exists(key, where):
            target = view.catalog.tables[key]
            yield target
            yield from _related(view, target, where)
