"""The problems that a caller without a good token gets, in PostgREST's codes and words.

`PGRST301`, `PGRST302` and `PGRST303` are 401; a wire answers 301 and 303 with
`WWW-Authenticate: Bearer error="invalid_token", error_description="<message>"`, and 302 with a bare `Bearer`, so no
message here holds a quote or a backslash. None ever holds a part of a token, a key or a claim.
Source: https://docs.postgrest.org/en/v14/references/errors.html#group-3-jwt
"""

from mainstay.core.problem import Problem


def unreadable(message: str, *, details: str | None = None, hint: str | None = None) -> Problem:
    """The token can't be decoded, or no key verifies it."""
    return Problem("PGRST301", message, details=details, hint=hint)


def unverified(details: str) -> Problem:
    return unreadable("No suitable key or wrong key type", details=details)


def rejected(message: str, *, hint: str | None = None) -> Problem:
    """The token is genuine, but its claims don't let it in."""
    return Problem("PGRST303", message, hint=hint)


def token_required() -> Problem:
    return Problem("PGRST302", "Anonymous access is disabled")


def secret_missing() -> Problem:
    """The team declared no key at all: the server's mistake, so 500."""
    return Problem("PGRST300", "Server lacks JWT secret")


def keys_unavailable(retry_after_s: int) -> Problem:
    """The key set that would tell can't be had: not the caller's mistake, so 503."""
    return Problem("MS503", "The keys that verify tokens can't be had right now", retry_after_s=retry_after_s)
