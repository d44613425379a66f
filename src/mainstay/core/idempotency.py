"""Reads `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header-07), and answers a request a second time.

The draft has a string of RFC 9651, `"8e03978e"`; what most clients send is the same without quotes, and means the same.
"""

import re
from hashlib import blake2b

import msgspec

from mainstay.core.exchange import Request, Response
from mainstay.core.once import Once
from mainstay.core.problem import Problem

QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\])*)"')
BARE = re.compile(r"[!#-+\--\[\]-~]+")
MEANING = ("accept", "prefer", "content-type", "content-profile", "if-match", "if-none-match")
"""Headers by which two requests may differ."""

NOT_KEPT = ("access-control-", "server-timing")
"""Headers that are of one exchange, and not of the answer."""

BY_ORIGIN = ("vary", "Origin")

REPLAYED = ("idempotency-replayed", "true")


def parse_once(request: Request, key_max: int) -> Once | None:
    """None where there is no key. Raises MS478 for one that is none, or is too long."""
    header = request.headers.get("idempotency-key")
    if header is None:
        return None
    text = header.strip()
    quoted = QUOTED.fullmatch(text)
    key = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else text
    if not key or len(key) > key_max or (quoted is None and BARE.fullmatch(text) is None):
        raise Problem(
            "MS478",
            "Idempotency-Key holds no key",
            details=f"A key has 1 to {key_max} visible ASCII characters",
            hint='Send a new UUID with each new request: "8e03978e-40d5-43dd-bc93-6894a57f9324".',
            where="Idempotency-Key",
        )
    return Once(key, fingerprint(request))


def fingerprint(request: Request) -> str:
    """A digest of all that decides what the request does and how it is answered."""
    headers = [request.headers.get(name) for name in MEANING]
    digest = blake2b(msgspec.json.encode([request.method, request.path, request.query, headers]), digest_size=16)
    digest.update(request.body)
    return digest.hexdigest()


def kept(response: Response) -> Response:
    """What of an answer is kept for those who ask again."""
    return Response(response.status, [line for line in response.headers if not _is_own(line)], response.body)


def replayed(response: Response, headers: tuple[tuple[str, str], ...]) -> Response:
    """An answer that was kept, with those of `headers` that are of this exchange."""
    own = [line for line in headers if _is_own(line)]
    return Response(response.status, [*response.headers, *own, REPLAYED], response.body)


def _is_own(line: tuple[str, str]) -> bool:
    return line == BY_ORIGIN or line[0].startswith(NOT_KEPT)
