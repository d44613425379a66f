"""Mainstay: declare models and who may do what, and have them served.

from mainstay import Mainstay, claim

app = Mainstay(Base)
app.role("anonymous").may("read", Film, columns="*")
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mainstay.app import Mainstay as Mainstay
    from mainstay.core.problem import DeclarationError as DeclarationError
    from mainstay.policy.declare import claim as claim
    from mainstay.policy.declare import excluding as excluding

__all__ = ["DeclarationError", "Mainstay", "claim", "excluding"]

_HOMES = {
    "DeclarationError": "mainstay.core.problem",
    "Mainstay": "mainstay.app",
    "claim": "mainstay.policy.declare",
    "excluding": "mainstay.policy.declare",
}


def __getattr__(name: str) -> Any:
    """Import at first use (PEP 562): `mainstay --help` should not wait for SQLAlchemy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'mainstay' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
