"""The last step of a read: no answer, and no embed in it, holds more rows than the limits and the policy allow."""

import msgspec

from mainstay.core.plan import Nested, Select
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
    outputs = tuple(
        msgspec.structs.replace(output, select=limit_select(view, output.select, depth + 1))
        if isinstance(output, Nested)
        else output
        for output in select.outputs
        if not (isinstance(output, Nested) and output.hidden)
    )
    return msgspec.structs.replace(select, outputs=outputs, limit=min(bounds))
