"""From two headers to a principal: at once for a token that was verified a moment ago, else by verifying it.

`known` is on every request's path and does a hash and a lookup; `verify` does the rest and may wait for keys.
Tokens are remembered by their SHA-256, never by their text, and no longer than they hold.
"""

import time
from collections.abc import Callable
from hashlib import sha256
from typing import Protocol

from mainstay.auth.claims import check_claims, read_claims, read_principal
from mainstay.auth.denial import secret_missing, token_required, unreadable
from mainstay.auth.jwks import FetchRules, PublishedKeys
from mainstay.auth.jwt import Envelope, TokenRules, declared_keys, is_verified, open_token, refuse
from mainstay.auth.keys import ASYMMETRIC
from mainstay.auth.sealed import Sealed
from mainstay.core.principal import Principal


class Known(Sealed, frozen=True):
    """Who a token was found to be, and from when until when (seconds since 1970) that may be relied on."""

    principal: Principal
    opens: float
    closes: float


class Memory(Protocol):
    """Where verified tokens are kept; it must be bounded. `cache.bounded.Bounded` is one."""

    def get(self, key: bytes, /) -> Known | None: ...

    def put(self, key: bytes, value: Known, /) -> None: ...


class Authenticator:
    """Says who asks. Belongs to one event loop.

    `clock` is seconds since 1970, against which claims are checked; `stopwatch` times the fetching of keys.
    """

    def __init__(
        self,
        rules: TokenRules,
        memory: Memory,
        *,
        clock: Callable[[], float] = time.time,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rules = rules
        self._memory = memory
        self._clock = clock
        self._keys = declared_keys(rules)
        self.published = _published(rules, stopwatch)
        """The key set at `jwks_url`, whose `failure` a readiness check may ask; None without one."""
        role = rules.anonymous_role
        self._anonymous = None if role is None else Principal(role=role, anonymous=True)

    def known(self, authorization: str | None, api_key: str | None) -> Principal | None:
        """The principal where that takes no work, else None: then `verify` knows, or knows why not."""
        if authorization is not None:
            # Any other spelling of the scheme is verify's.
            if authorization[:7] != "Bearer ":
                return None
            return self._recall(authorization[7:])
        return self._anonymous if api_key is None else self._recall(api_key)

    async def verify(self, authorization: str | None, api_key: str | None) -> Principal:
        """The principal. Raises `PGRST300` to `PGRST303` (see `denial`), and `MS503` where keys can't be had."""
        token = read_token(authorization, api_key)
        if token is None:
            if self._anonymous is None:
                raise token_required()
            return self._anonymous
        return self._recall(token) or await self._admit(token)

    def _recall(self, token: str) -> Principal | None:
        try:
            known = self._memory.get(sha256(token.encode()).digest())
        except UnicodeEncodeError:
            return None
        if known is None or not known.opens <= self._clock() < known.closes:
            return None
        return known.principal

    async def _admit(self, token: str) -> Principal:
        if not self._keys and self.published is None:
            raise secret_missing()
        envelope = open_token(token, self._rules)
        await self._check_signature(envelope)
        claims = read_claims(envelope.payload)
        now = self._clock()
        window = check_claims(claims, self._rules, now)
        principal = read_principal(claims, self._rules)
        closes = min(window.closes, now + self._rules.remember_s_max)
        self._memory.put(sha256(token.encode()).digest(), Known(principal, window.opens, closes))
        return principal

    async def _check_signature(self, envelope: Envelope) -> None:
        keys = self._keys
        if is_verified(envelope, keys):
            return
        if self.published is not None and envelope.algorithm in ASYMMETRIC:
            published = await self.published.having(envelope.kid)
            if is_verified(envelope, published):
                return
            keys += published
        refuse(envelope, keys)


def read_token(authorization: str | None, api_key: str | None) -> str | None:
    """The token that was sent, or None. Authorization wins over apikey (supabase-js sends both)."""
    if authorization is None:
        if api_key is None:
            return None
        token, header = api_key.strip(), "apikey"
    else:
        scheme, _, rest = authorization.strip().partition(" ")
        if scheme and scheme.lower() != "bearer":
            raise unreadable(
                "The Authorization header must use the Bearer scheme", hint="Send Authorization: Bearer TOKEN."
            )
        token, header = rest.strip(), "Authorization"
    if not token:
        raise unreadable(f"Empty JWT is sent in {header} header")
    if not token.isascii():
        raise unreadable("JWT cryptographic operation failed")
    return token


def _published(rules: TokenRules, stopwatch: Callable[[], float]) -> PublishedKeys | None:
    if rules.jwks_url is None:
        return None
    fetching = FetchRules(
        url=rules.jwks_url,
        refresh_s=rules.jwks_refresh_s,
        retry_s=rules.jwks_retry_s,
        timeout_s=rules.jwks_timeout_s,
        bytes_max=rules.jwks_bytes_max,
    )
    return PublishedKeys(fetching, clock=stopwatch)
