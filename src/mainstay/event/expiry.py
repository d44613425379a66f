"""How long a caller may listen: until the token expires that he came with."""

import math
import time

from mainstay.core.principal import Principal
from mainstay.core.problem import Problem


def expires(principal: Principal, leeway_s: float) -> float:
    """When, in seconds since 1970; never for who has no token, or one without `exp`."""
    at = principal.claims.get("exp")
    return at + leeway_s if isinstance(at, int | float) else math.inf


def require_unexpired(expires_at: float) -> None:
    """Raises PGRST303, as a request with the token would."""
    if time.time() >= expires_at:
        raise Problem("PGRST303", "JWT expired")
