"""An operation's shape and a role in, a plan out. The one place where the room's steps are put in order."""

import msgspec

from mainstay.core.catalog import Catalog
from mainstay.core.limits import Limits
from mainstay.core.operation import Delete, Insert, Put, Read, Shape, Update
from mainstay.core.plan import Plan, ReadPlan
from mainstay.plan.limit import limit_select
from mainstay.plan.resolve import resolve_select
from mainstay.plan.view import Policy, View
from mainstay.plan.write import plan_delete, plan_insert, plan_put, plan_update


def decide(shape: Shape, role: str, catalog: Catalog, policy: Policy, limits: Limits) -> Plan:
    """The plan of an operation for a role. Raises Problem for names that the role can't see and deeds it may not do."""
    view = View(catalog, policy, role, limits)
    match shape:
        case Read():
            return plan_read(view, shape)
        case Insert():
            return plan_insert(view, shape)
        case Put():
            return plan_put(view, shape)
        case Update():
            return plan_update(view, shape)
        case Delete():
            return plan_delete(view, shape)


def plan_read(view: View, read: Read) -> ReadPlan:
    table = view.table(read.table)
    resolved = resolve_select(view, table, read.select, read.where, read.order)
    page = msgspec.structs.replace(resolved, limit=read.limit, offset=read.offset)
    select = limit_select(view, page)
    return ReadPlan(select=select, count=read.count, format=read.format, strip_nulls=read.strip_nulls)
