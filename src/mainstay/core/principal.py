"""Who asks: a role, and the claims that were verified."""

from collections.abc import Mapping
from typing import Any

import msgspec


class Principal(msgspec.Struct, frozen=True):
    """`role` decides which plan; `claims` only ever fill its slots. `anonymous`: no token was sent."""

    role: str
    claims: Mapping[str, Any] = {}
    anonymous: bool = False

    def __repr__(self) -> str:
        return f"Principal(role={self.role!r}, …)"  # claims must not end up in a log

    def claim(self, path: tuple[str, ...]) -> Any:
        """The claim at `path`, or None where any step of it is missing."""
        value: Any = self.claims
        for key in path:
            if not isinstance(value, Mapping) or key not in value:
                return None
            value = value[key]
        return value
