"""The room that decides: an operation's names are resolved, the policy woven in, the limits set.

In comes a shape and a role, out goes a plan or a Problem. It never sees a value, a claim or a connection.
"""

from mainstay.plan.decide import decide
from mainstay.plan.view import Policy, View

__all__ = ["Policy", "View", "decide"]
