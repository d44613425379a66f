"""Cross-origin sharing (Fetch standard, CORS protocol): which origins may read an answer, and what of it."""

import re

import msgspec

from mainstay.core.exchange import Headers, Response

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
METHODS = "GET, POST, PATCH, PUT, DELETE, OPTIONS, HEAD"
ALWAYS_ALLOWED = ("Accept", "Accept-Language", "Content-Language")
MAX_AGE_S = 86_400
EXPOSED = (
    "Content-Encoding, Content-Location, Content-Range, Content-Type, Date, Location, Server, Transfer-Encoding, "
    "Range-Unit, Preference-Applied, Content-Profile, Proxy-Status, Server-Timing, Retry-After, ETag, Link"
)
HEADERS_MAX = 64
"""Names of headers that one preflight may ask for; the rest are not allowed."""


class Cors(msgspec.Struct, frozen=True):
    """`origins` may read answers; `*` is every origin, without credentials."""

    origins: tuple[str, ...] = ("*",)

    def allow(self, origin: str | None) -> str | None:
        """What `Access-Control-Allow-Origin` says to `origin`; None says nothing."""
        if origin is None:
            return None
        if "*" in self.origins:
            return "*"
        return origin if origin in self.origins else None


def cors_headers(allowed: str | None) -> tuple[tuple[str, str], ...]:
    """The headers of an answer that `allowed` may read."""
    if allowed is None:
        return ()
    return (*_origin_headers(allowed), ("access-control-expose-headers", EXPOSED))


def _origin_headers(allowed: str) -> tuple[tuple[str, str], ...]:
    if allowed == "*":
        return (("access-control-allow-origin", "*"),)
    return (
        ("access-control-allow-origin", allowed),
        ("access-control-allow-credentials", "true"),
        ("vary", "Origin"),
    )


def preflight(cors: Cors, headers: Headers) -> Response | None:
    """The answer to a preflight; None where the request is none, or its origin may not ask."""
    allowed = cors.allow(headers.get("origin"))
    method = headers.get("access-control-request-method")
    if allowed is None or method is None:
        return None
    asked = (headers.get("access-control-request-headers") or "").split(",")[:HEADERS_MAX]
    names = [name for name in map(str.strip, asked) if TOKEN.fullmatch(name)]
    return Response(
        200,
        [
            *_origin_headers(allowed),
            ("access-control-allow-methods", f"{METHODS}, QUERY" if method == "QUERY" else METHODS),
            ("access-control-allow-headers", ", ".join(dict.fromkeys(("Authorization", *names, *ALWAYS_ALLOWED)))),
            ("access-control-max-age", str(MAX_AGE_S)),
        ],
    )
