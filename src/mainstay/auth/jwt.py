"""A token's envelope: what the team trusts, and whether a token was signed by that.

Only the keys in `TokenRules` verify. A key that a token brings along or points to (`jwk`, `jku`, `x5c`, `x5u`) makes
the token refused, and so does any `crit`. What the claims say is `claims`' business.
Sources: RFC 7515 (JWS), RFC 7519 (JWT), RFC 8725 (best current practices).
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mainstay.auth.denial import unreadable, unverified
from mainstay.auth.jwks import check_url
from mainstay.auth.keys import (
    ASYMMETRIC,
    SECRET_BYTES_MIN,
    SUPPORTED,
    UnusableKey,
    VerificationKey,
    key_from_jwk,
    key_from_pem,
    key_from_secret,
    secret_bytes,
)
from mainstay.auth.sealed import Sealed
from mainstay.core.problem import DeclarationError

SIGNERS_OWN_KEYS = frozenset({"jwk", "jku", "x5c", "x5u"})


class TokenRules(Sealed, frozen=True, kw_only=True):
    """Which tokens are believed. Any mix of key sources; none at all refuses every token.

    Raises `DeclarationError` for a key that can't be read or is too weak, and for anything that does not fit.
    """

    secret: str | bytes | None = None
    """Shared with whoever signs: at least 32 bytes (HS256), 48 (HS384) or 64 (HS512)."""
    secret_is_base64: bool = False
    keys: Mapping[str, Any] | str | bytes | None = None
    """A JWK or a JWK set: a mapping, or its JSON text."""
    public_key: str | bytes | None = None
    """PEM, SubjectPublicKeyInfo."""
    jwks_url: str | None = None
    """Where a JWK set of public keys is published: https, or http on a loopback host."""

    algorithms: tuple[str, ...] | None = None
    """Narrows what the keys' types allow; None or empty allows all of that."""
    audience: str | tuple[str, ...] | None = None
    """`aud` must name one of these; None or empty accepts any."""
    audience_required: bool = True
    """False lets a token in that has no `aud` or an empty one, as PostgREST does."""
    issuer: str | tuple[str, ...] | None = None
    """`iss` must be one of these; None or empty accepts any."""
    leeway_s: float = 30
    """How far the signer's clock may be off."""
    lifetime_s_max: float | None = None
    """Longest time from `iat` (or now) to `exp`; tokens without `exp` are then refused."""
    role_claim: str | tuple[str, ...] = "role"
    """Where the role is: `role`, `app_metadata.role`, `https://example.com/role`, or a tuple of names, one a level."""
    anonymous_role: str | None = "anonymous"
    """Who asks without a token, or with one that has no role; None refuses both."""
    token_bytes_max: int = 16_384
    """Characters of a token; past it 401."""
    remember_s_max: float = 300
    """How long a verified token is believed without another look, so that a key that was withdrawn stops working."""

    jwks_refresh_s: float = 600
    """Age at which the key set is fetched again."""
    jwks_retry_s: float = 10
    """Least time between two fetches, whatever asks for one."""
    jwks_timeout_s: float = 5
    """How long a fetch may take."""
    jwks_bytes_max: int = 262_144
    """Bytes of the key set."""

    def __post_init__(self) -> None:
        _check_algorithms(self)
        _check_numbers(self)
        role_path(self.role_claim)
        if self.jwks_url is not None:
            check_url(self.jwks_url)
        _check_coverage(self, declared_keys(self))


class Envelope(Sealed, frozen=True):
    """A token taken apart. Nothing in it is to be believed before `signed` is verified."""

    algorithm: str
    kid: str | None
    signed: bytes
    signature: bytes
    payload: bytes


def declared_keys(rules: TokenRules) -> tuple[VerificationKey, ...]:
    """The keys that the rules hold themselves. Raises `DeclarationError` for one that can't be used."""
    keys: list[VerificationKey] = []
    try:
        source = "secret"
        if rules.secret is not None:
            keys.append(key_from_secret(secret_bytes(rules.secret, is_base64=rules.secret_is_base64)))
        source = "public_key"
        if rules.public_key is not None:
            keys.append(key_from_pem(rules.public_key))
        source = "keys"
        if rules.keys is not None:
            keys.extend(_keys_from_jwks(rules.keys))
    except UnusableKey as error:
        raise DeclarationError(
            f"this key can't verify tokens: {error}", where=f"TokenRules.{source}", hint=_KEY_HINTS[source]
        ) from None
    return tuple(keys)


_KEY_HINTS = {
    "secret": "Use 32 or more random bytes, such as openssl rand -base64 32 prints; "
    "a PEM key goes into public_key, a JWK into keys.",
    "public_key": "Pass a PEM text that begins with -----BEGIN PUBLIC KEY-----.",
    "keys": 'Pass a JWK such as {"kty": "RSA", …}, or a set {"keys": […]}, with nothing private in it.',
}


def _keys_from_jwks(source: Mapping[str, Any] | str | bytes) -> list[VerificationKey]:
    value = source
    if isinstance(source, str | bytes):
        try:
            value = msgspec.json.decode(source)
        except (ValueError, RecursionError):
            raise UnusableKey("it is not JSON") from None
    if not isinstance(value, Mapping):
        raise UnusableKey("it is not a JSON object")
    listed = value.get("keys", [value])
    if not isinstance(listed, list | tuple) or not listed:
        raise UnusableKey("its keys are not a list of at least one")
    keys: list[VerificationKey] = []
    for index, jwk in enumerate(listed):
        if not isinstance(jwk, Mapping):
            raise UnusableKey(f"keys[{index}] is not a JSON object")
        try:
            keys.append(key_from_jwk(jwk))
        except UnusableKey as error:
            raise UnusableKey(f"keys[{index}]: {error}") from None
    return keys


def _check_algorithms(rules: TokenRules) -> None:
    for name in rules.algorithms or ():
        if name not in SUPPORTED:
            raise DeclarationError(
                f"the algorithm {name!r} is not one that verifies tokens",
                where="TokenRules.algorithms",
                hint="Choose among " + ", ".join(sorted(SUPPORTED)) + ".",
            )


def _check_coverage(rules: TokenRules, keys: tuple[VerificationKey, ...]) -> None:
    """Every algorithm that was asked for has a key that can verify it."""
    covered = frozenset[str]().union(*(key.algorithms for key in keys))
    if rules.jwks_url is not None:
        covered |= ASYMMETRIC
    for name in rules.algorithms or ():
        if name not in covered:
            least = SECRET_BYTES_MIN.get(name)
            raise DeclarationError(
                f"no key verifies {name}",
                where="TokenRules.algorithms",
                hint=f"{name} needs a secret of at least {least} bytes." if least else f"Add a key for {name}.",
            )


def _check_numbers(rules: TokenRules) -> None:
    least = {
        "leeway_s": 0, "lifetime_s_max": 1, "token_bytes_max": 1, "remember_s_max": 0,
        "jwks_refresh_s": 1, "jwks_retry_s": 1, "jwks_timeout_s": 0.1, "jwks_bytes_max": 1,
    }  # fmt: skip
    for name, bound in least.items():
        value = getattr(rules, name)
        if value is not None and not value >= bound:
            raise DeclarationError(f"{name} is {value}", where=f"TokenRules.{name}", hint=f"At least {bound}.")


def role_path(claim: str | tuple[str, ...]) -> tuple[str, ...]:
    """The claims' keys that lead to the role. A dot in front, as PostgREST writes it, is let be.

    A text with / or : in it is one claim's name: public claims are named by a URL (RFC 7519 section 4.2).
    """
    if not isinstance(claim, str):
        path = tuple(claim)
    elif "/" in claim or ":" in claim:
        path = (claim,)
    else:
        path = tuple(claim.removeprefix(".").split("."))
    if not path or not all(path):
        raise DeclarationError(
            "a step of the path is empty", where="TokenRules.role_claim", hint="Write role, or app_metadata.role."
        )
    return path


def open_token(token: str, rules: TokenRules) -> Envelope:
    """The token in parts. Raises `PGRST301` for what is no JWS, or one whose header asks for what we don't do."""
    if len(token) > rules.token_bytes_max:
        raise unreadable("JWT is too long")
    parts = token.encode().split(b".")
    if len(parts) != 3:
        raise unreadable(f"Expected 3 parts in JWT; got {len(parts)}")
    header = _read_header(_decoded(parts[0]))
    algorithm = _read_algorithm(header, rules)
    kid = header.get("kid")
    if not isinstance(kid, str | None):
        raise unreadable("JWT couldn't be decoded")
    return Envelope(
        algorithm=algorithm,
        kid=kid,
        signed=parts[0] + b"." + parts[1],
        signature=_decoded(parts[2]),
        payload=_decoded(parts[1]),
    )


def _decoded(part: bytes) -> bytes:
    """Base64url as RFC 7515 section 2 has it: no padding, no other characters, one spelling for each value."""
    try:
        raw = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    except binascii.Error:
        raise unreadable("JWT cryptographic operation failed") from None
    if base64.urlsafe_b64encode(raw).rstrip(b"=") != part:
        raise unreadable("JWT cryptographic operation failed")
    return raw


def _read_header(raw: bytes) -> dict[str, Any]:
    try:
        header: dict[str, Any] = msgspec.json.decode(raw, type=dict[str, Any])
    except (ValueError, RecursionError):
        raise unreadable("JWT couldn't be decoded") from None
    if "crit" in header:
        raise unreadable("JWT header has a crit extension that is not supported")
    if not SIGNERS_OWN_KEYS.isdisjoint(header):
        raise unreadable("JWT header brings its own key, which is never trusted")
    return header


def _read_algorithm(header: dict[str, Any], rules: TokenRules) -> str:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in (rules.algorithms or SUPPORTED):
        raise unreadable("Wrong or unsupported encoding algorithm")
    return algorithm


def is_verified(envelope: Envelope, keys: Iterable[VerificationKey]) -> bool:
    """True when one of the keys that suit the token made its signature."""
    return any(
        key.verifies(envelope.algorithm, envelope.signed, envelope.signature)
        for key in keys
        if key.suits(envelope.algorithm, envelope.kid)
    )


def refuse(envelope: Envelope, keys: Iterable[VerificationKey]) -> None:
    """Say whether no key fits the token, or none of those that do made its signature."""
    if any(key.suits(envelope.algorithm, envelope.kid) for key in keys):
        raise unverified("None of the keys was able to decode the JWT")
    raise unverified("No suitable key was found to decode the JWT")
