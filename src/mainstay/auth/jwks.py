"""Keys from a JWKS URL: fetched off the event loop, kept, and fetched again when they age or a new name turns up.

One fetch at a time, and never more often than every `retry_s`, however many tokens ask. While fetching fails, the
keys there are stay in use. It never follows a redirect, and never takes a secret from a public place.
Source: RFC 7517 section 5; an entry that can't be used is ignored, as it says.
"""

import asyncio
import ipaddress
import math
import time
from collections.abc import Callable
from http.client import HTTPResponse
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

import msgspec

from mainstay.auth.denial import keys_unavailable
from mainstay.auth.keys import UnusableKey, VerificationKey, key_from_jwk
from mainstay.core.problem import DeclarationError

KEYS_MAX = 100
"""Keys of one set; a token that names none is tried with each."""


class FetchRules(msgspec.Struct, frozen=True):
    """Where the keys are, and what fetching them may cost."""

    url: str
    refresh_s: float = 600
    retry_s: float = 10
    timeout_s: float = 5
    bytes_max: int = 262_144


class FetchError(Exception):
    """The key set can't be had; the text says why."""


class PublishedKeys:
    """The key set at a URL. Belongs to one event loop.

    `failure` says why the last fetch failed; None after one that worked.
    """

    def __init__(self, rules: FetchRules, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.failure: str | None = None
        self._rules = rules
        self._clock = clock
        self._keys: tuple[VerificationKey, ...] | None = None
        self._fetched_at = -math.inf
        self._tried_at = -math.inf
        self._flight: asyncio.Task[None] | None = None

    async def having(self, kid: str | None) -> tuple[VerificationKey, ...]:
        """All keys, after a fetch where they are too old or lack `kid`.

        Raises `MS503` when there are none yet, or the one that is asked for may be among those that can't be had.
        """
        if self._is_due(kid):
            flight = self._fetch()
            # While the place is down, whoever has a known key does not wait for it.
            if self.failure is None or not self._has(kid):
                _, waiting = await asyncio.wait({flight}, timeout=self._rules.timeout_s)
                if waiting:
                    self.failure = "takes too long"
        if self._keys is None or (self.failure is not None and not self._has(kid)):
            raise keys_unavailable(math.ceil(self._rules.retry_s))
        return self._keys

    def _has(self, kid: str | None) -> bool:
        return self._keys is not None and (kid is None or any(key.kid == kid for key in self._keys))

    def _is_due(self, kid: str | None) -> bool:
        now = self._clock()
        old = now - self._fetched_at >= self._rules.refresh_s
        if not old and self._has(kid):
            return False
        return self._flight is not None or now - self._tried_at >= self._rules.retry_s

    def _fetch(self) -> "asyncio.Task[None]":
        if self._flight is None:
            self._tried_at = self._clock()
            self._flight = asyncio.create_task(self._run())
        return self._flight

    async def _run(self) -> None:
        try:
            # Importing keys is arithmetic: it stays off the loop too.
            keys = await asyncio.to_thread(_load, self._rules)
        except Exception as error:  # whatever went wrong, the keys there are stay
            self.failure = str(error) if isinstance(error, FetchError) else type(error).__name__
        else:
            self._keys, self._fetched_at, self.failure = keys, self._tried_at, None
        finally:
            # Only now: a fetch that outlives its waiters still counts as the one there is.
            self._flight = None


def check_url(url: str) -> None:
    """Raises `DeclarationError` unless the URL is https, or http on this machine, and holds no password."""
    where = "TokenRules.jwks_url"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host:
        raise DeclarationError("it is not a URL", where=where, hint="Write https://host/path.")
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        raise DeclarationError(
            f"{parts.scheme} does not keep the keys from being swapped on their way", where=where, hint="Use https."
        )
    if "@" in parts.netloc:
        raise DeclarationError("it holds a user or password", where=where, hint="Public keys need none.")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _NoRedirects(HTTPRedirectHandler):
    """A redirect could lead from https to http, or to a file: it ends as the error that its status is."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _load(rules: FetchRules) -> tuple[VerificationKey, ...]:
    return published_keys(fetch(rules))


def fetch(rules: FetchRules) -> bytes:
    """The body at the URL. Blocks up to about `timeout_s`; raises `FetchError` or `OSError`."""
    deadline = time.monotonic() + rules.timeout_s
    request = Request(rules.url, headers={"Accept": "application/jwk-set+json, application/json"})  # noqa: S310 - check_url
    try:
        response = _opener(rules.url).open(request, timeout=rules.timeout_s)
    except HTTPError as error:
        error.close()
        raise FetchError(f"answered {error.code}") from None
    with response:
        return _read(response, rules.bytes_max, deadline)


def _opener(url: str) -> OpenerDirector:
    # A proxy of the environment has no way to this machine's loopback.
    local = _is_loopback(urlsplit(url).hostname or "")
    return build_opener(_NoRedirects, ProxyHandler({})) if local else build_opener(_NoRedirects)


def _read(response: HTTPResponse, bytes_max: int, deadline: float) -> bytes:
    """The socket's timeout is for each read; the deadline is for all of them."""
    body = bytearray()
    while chunk := response.read1(65_536):
        body += chunk
        if len(body) > bytes_max:
            raise FetchError(f"answered more than {bytes_max} bytes")
        if time.monotonic() > deadline:
            raise FetchError("takes too long")
    return bytes(body)


def published_keys(body: bytes) -> tuple[VerificationKey, ...]:
    """The set's usable public keys. Raises `FetchError` for what is no key set; one without keys is one."""
    try:
        document = msgspec.json.decode(body, type=dict[str, Any])
    except (ValueError, RecursionError):
        raise FetchError("answered no JSON object") from None
    listed = document.get("keys")
    if not isinstance(listed, list) or len(listed) > KEYS_MAX:
        raise FetchError(f"answered no list of at most {KEYS_MAX} keys")
    usable = (_usable(jwk) for jwk in listed)
    return tuple(key for key in usable if key is not None)


def _usable(jwk: Any) -> VerificationKey | None:
    # A secret that is published is none: everyone could sign with it.
    if not isinstance(jwk, dict) or jwk.get("kty") == "oct":
        return None
    try:
        return key_from_jwk(jwk)
    except UnusableKey:
        return None
