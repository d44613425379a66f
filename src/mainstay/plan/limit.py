"""The last step of a read: no answer, and no embed in it, holds more rows than the limits and the policy allow."""

from collections.abc import Sequence

import msgspec

from mainstay.core.operation import Constant, Cursor
from mainstay.core.plan import Edged, Held, Listed, Nested, Output, Select, Summed
from mainstay.core.problem import Problem
from mainstay.plan.view import View


def limit_select(view: View, select: Select, depth: int = 0) -> Select:
    """The select with each level's limit set, and without what does not show. Raises MS403 past `depth_max`."""
    if depth > view.limits.depth_max:
        raise Problem(
            "MS403",
            "The request embeds too deep",
            details=f"At most {view.limits.depth_max} levels of embedded resources are allowed",
            where="select",
        )
    policy_max = view.reading(select.table).rows_max
    bounds = [bound for bound in (select.limit, policy_max, view.limits.rows_max) if bound is not None]
    outputs = _limited(view, select.outputs, depth)
    if select.summary is not None:  # all rows are summed up, so many are listed
        summary = _limited_summary(view, select.summary, min(bounds), depth)
        if select.keyed:  # one more row tells whether there are more
            return msgspec.structs.replace(select, outputs=outputs, summary=summary, limit=min(bounds) + 1)
        return msgspec.structs.replace(select, outputs=outputs, summary=summary)
    return msgspec.structs.replace(select, outputs=outputs, limit=min(bounds))


def _limited(view: View, outputs: Sequence[Output | Nested], depth: int) -> tuple[Output | Nested, ...]:
    return tuple(
        msgspec.structs.replace(output, select=limit_select(view, output.select, depth + 1))
        if isinstance(output, Nested)
        else output
        for output in outputs
        if not (isinstance(output, Nested) and output.hidden)
    )


def _limited_summary(view: View, members: Sequence[Summed], limit: int, depth: int) -> tuple[Summed, ...]:
    limited: list[Summed] = []
    for member in members:
        match member:
            case Held():
                limited.append(Held(member.name, _limited_summary(view, member.members, limit, depth)))
            case Listed():
                limited.append(Listed(member.name, _limited(view, member.outputs, depth), limit))
            case Edged():
                limited.append(Edged(member.name, tuple(_limited_edge(view, each, depth) for each in member.members)))
            case _:
                limited.append(member)
    return tuple(limited)


def _limited_edge(view: View, member: Cursor | Listed | Constant, depth: int) -> Cursor | Listed | Constant:
    return Listed(member.name, _limited(view, member.outputs, depth)) if isinstance(member, Listed) else member
