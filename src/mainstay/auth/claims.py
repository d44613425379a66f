"""A genuine token's claims: is it time, is it for us, and who is it.

Works on claims whose signature was verified, and never looks at a signature. Messages are PostgREST's where it has one.
Source: RFC 7519 section 4.1; times are seconds since 1970, and may have a fraction.
"""

import math
from typing import Any

import msgspec

from mainstay.auth.denial import rejected, token_required
from mainstay.auth.jwt import TokenRules, role_path
from mainstay.core.principal import Principal


class Window(msgspec.Struct, frozen=True):
    """When the claims hold: from `opens` up to, and not at, `closes`; the leeway is in it."""

    opens: float
    closes: float


def read_claims(payload: bytes) -> dict[str, Any]:
    """The JSON object that the payload must be."""
    try:
        claims: dict[str, Any] = msgspec.json.decode(payload, type=dict[str, Any])
    except (ValueError, RecursionError):
        raise rejected("Parsing claims failed") from None
    return claims


def check_claims(claims: dict[str, Any], rules: TokenRules, now: float) -> Window:
    """When the token holds. Raises `PGRST303` when that is not now, or when the token is not for us."""
    window = _check_times(claims, rules, now)
    _check_audience(claims, rules)
    _check_issuer(claims, rules)
    return window


def read_principal(claims: dict[str, Any], rules: TokenRules) -> Principal:
    """Who the token is: its role claim's, or where it has none, the anonymous role with the token's claims."""
    value: Any = claims
    for key in role_path(rules.role_claim):
        if not isinstance(value, dict) or key not in value:
            return _without_role(claims, rules)
        value = value[key]
    if not isinstance(value, str) or not value:
        raise rejected("The JWT role claim must be a string")
    return Principal(role=value, claims=claims)


def _without_role(claims: dict[str, Any], rules: TokenRules) -> Principal:
    if rules.anonymous_role is None:
        raise token_required()
    return Principal(role=rules.anonymous_role, claims=claims)


def _check_times(claims: dict[str, Any], rules: TokenRules, now: float) -> Window:
    expires, begins, issued = (_instant(claims, name) for name in ("exp", "nbf", "iat"))
    window = Window(
        opens=-math.inf if begins is None else begins - rules.leeway_s,
        closes=math.inf if expires is None else expires + rules.leeway_s,
    )
    if now >= window.closes:
        raise rejected("JWT expired")
    if now < window.opens:
        raise rejected("JWT not yet valid")
    if issued is not None and issued > now + rules.leeway_s:
        raise rejected("JWT issued at future")
    if rules.lifetime_s_max is not None:
        born = now if issued is None else issued
        if expires is None or expires - born > rules.lifetime_s_max:
            raise rejected("JWT lives too long")
    return window


def _instant(claims: dict[str, Any], name: str) -> float | None:
    if name not in claims:
        return None
    value = claims[name]
    # A bool is an int to Python; an integer past any float would fail later, in arithmetic.
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e300:
        raise rejected(f"The JWT '{name}' claim must be a number")
    return value


def _check_audience(claims: dict[str, Any], rules: TokenRules) -> None:
    value = claims.get("aud", [])
    named = [value] if isinstance(value, str) else value
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise rejected("The JWT 'aud' claim must be a string or an array of strings")
    if not rules.audience or (not named and not rules.audience_required):
        return
    if _several(rules.audience).isdisjoint(named):
        raise rejected("JWT not in audience")


def _check_issuer(claims: dict[str, Any], rules: TokenRules) -> None:
    if not rules.issuer:
        return
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or issuer not in _several(rules.issuer):
        raise rejected("JWT not from a trusted issuer")


def _several(names: str | tuple[str, ...]) -> frozenset[str]:
    return frozenset((names,) if isinstance(names, str) else names)
