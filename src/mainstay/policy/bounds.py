"""The limits of roles that have some of their own: a role's, then those it inherits in order, then the settings'."""

from collections.abc import Mapping

import msgspec

from mainstay.core.limits import Limits
from mainstay.policy.check import lineage
from mainstay.policy.declare import Role


def bounds_of(roles: Mapping[str, Role], limits: Limits) -> dict[str, Limits]:
    """Only of roles that have any."""
    found: dict[str, Limits] = {}
    for name in roles:
        own = {key: value for each in reversed(lineage(name, roles)) for key, value in roles[each].bounds.items()}
        if own:
            found[name] = msgspec.structs.replace(limits, **own)
    return found
