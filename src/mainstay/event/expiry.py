"""How long a caller may listen: until the token expires that he came with."""

import math

from mainstay.core.principal import Principal


def expires(principal: Principal, leeway_s: float) -> float:
    """When, in seconds since 1970; never for who has no token, or one without `exp`."""
    at = principal.claims.get("exp")
    return at + leeway_s if isinstance(at, int | float) else math.inf
