"""A request for a WebSocket: whether a page may ask, which protocol is spoken, and who is meant by the headers.

A browser opens a socket for any page that asks, and sends its user's cookies and address with it. So the page's origin
must be the server's own, or one of those that may call the API.
"""

from collections.abc import Collection, Iterable, Mapping
from urllib.parse import urlsplit

import msgspec

from mainstay.core.exchange import Headers, Request
from mainstay.core.problem import Problem
from mainstay.wires.graphql.accept import JSON
from mainstay.wires.graphql.dialects import DIALECTS, INVALID, LEGACY, Closed, Dialect
from mainstay.wires.graphql.problems import DENIED, NO_REQUEST

PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}
OF_THE_SOCKET = frozenset({"connection", "upgrade", "host", "content-length", "content-type", "idempotency-key"})
"""Headers of the request for a socket that say nothing about an operation on it."""


def choose(request: Request) -> tuple[Dialect, str | None]:
    """The first protocol that is offered and spoken, and its name if one was offered. Raises Problem."""
    offered = [name.strip() for name in (request.headers.get("sec-websocket-protocol") or "").split(",")]
    if offered == [""]:
        return LEGACY, None  # as Hasura does
    for name in offered:
        if name in DIALECTS:
            return DIALECTS[name], name
    raise Problem("bad-request", f"the protocols that are spoken are {' and '.join(DIALECTS)}", where=NO_REQUEST)


def check_origin(request: Request, origins: Collection[str]) -> None:
    """Raises Problem for a page of an origin that may not call. Who is no browser sends none."""
    origin = request.headers.get("origin")
    if origin is None or "*" in origins or origin in origins:
        return
    scheme = origin.partition(":")[0]
    place = _place(origin)
    if place is None or place != _place(f"{scheme}://{request.headers.get('host') or ''}"):
        raise Problem(DENIED, "pages of this origin may not open a socket", where=NO_REQUEST)


def _place(url: str) -> tuple[str, int | None] | None:
    """Host and port; None for what has none, as an opaque origin, `null`."""
    try:
        parts = urlsplit(url)
        return (parts.hostname, parts.port or PORTS.get(parts.scheme)) if parts.hostname else None
    except ValueError:  # a port or an address that is none
        return None


def headers_of(request: Request, payload: bytes) -> dict[str, str]:
    """The headers that each operation of the socket comes with: the request's own, and those in `connection_init`.

    Raises Closed for a payload that is no object.
    """
    own = {name: value for name, value in request.headers.items() if _is_of_operations(name)}
    return own | dict(_said(payload)) | {"content-type": JSON}


def _is_of_operations(name: str) -> bool:
    return name not in OF_THE_SOCKET and not name.startswith("sec-websocket-")


def _said(payload: bytes) -> Iterable[tuple[str, str]]:
    try:
        said = msgspec.json.decode(payload, type=dict[str, object] | None) or {}
    except (msgspec.DecodeError, RecursionError):
        raise Closed(INVALID, "Invalid message received") from None
    headers = said.get("headers")
    found: Mapping[str, object] = said if not isinstance(headers, dict) else {**said, **headers}
    for name, value in found.items():
        if isinstance(value, str) and name.isascii() and name.lower() not in OF_THE_SOCKET:
            yield name.lower(), value


def request_of(request: Request, headers: Headers, body: bytes) -> Request:
    """An operation of the socket, as if it had come by POST."""
    return Request("POST", request.path, "", headers, body)
