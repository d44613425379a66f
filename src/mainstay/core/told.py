"""What code in the database may ask about a request: `current_setting('request.headers')` and the like.

The names and forms are PostgREST's (https://docs.postgrest.org/en/v14/references/transactions.html). Only what is asked
for anywhere in the database is told, because requests that are told different things can't share a statement.
"""

from collections.abc import Collection
from http.cookies import CookieError, SimpleCookie

import msgspec

from mainstay.core.exchange import Request

TOLD = ("request.method", "request.path", "request.headers", "request.cookies")

encode = msgspec.json.Encoder().encode


def told_of(request: Request, names: Collection[str], prefix: str = "") -> tuple[tuple[str, str], ...]:
    """The settings of those `names` that tell of the request; its path is told without the prefix."""
    return tuple((name, _told(name, request, prefix)) for name in TOLD if name in names)


def _told(name: str, request: Request, prefix: str) -> str:
    match name:
        case "request.method":
            return request.method
        case "request.path":
            return request.path.removeprefix(prefix)
        case "request.headers":
            return encode({key: value for key, value in request.headers.items() if key != "cookie"}).decode()
        case _:
            return encode(_cookies(request.headers.get("cookie"))).decode()


def _cookies(header: str | None) -> dict[str, str]:
    """RFC 6265, 4.2.1. A header that is none of that has no cookies."""
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header or "").items()}
    except CookieError:
        return {}
