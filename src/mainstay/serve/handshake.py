"""How a WebSocket begins and ends (RFC 6455): the handshake, and reasons. It knows of no connection."""

import base64
import hashlib

from mainstay.core.exchange import Headers, Request
from mainstay.core.problem import Problem

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
VERSION = "13"
KEY_BYTES = 16
REASON_BYTES_MAX = 123


def wants_socket(headers: Headers) -> bool:
    return "websocket" in _tokens(headers.get("upgrade")) and "upgrade" in _tokens(headers.get("connection"))


def check(request: Request, http_version: str) -> None:
    """Raises Problem for what is no handshake."""
    if request.method != "GET" or http_version != "1.1":
        raise Problem("MS400", "A WebSocket is opened by GET over HTTP/1.1")
    if request.headers.get("sec-websocket-version") != VERSION:
        raise Problem("MS426", f"The WebSocket's version must be {VERSION}")
    if not _is_key(request.headers.get("sec-websocket-key") or ""):
        raise Problem("MS400", "The Sec-WebSocket-Key is not 16 bytes in base64")


def accept(request: Request, protocol: str | None) -> list[tuple[str, str]]:
    """The headers of the answer 101. No extension is taken: compression would keep memory for each socket."""
    key = (request.headers.get("sec-websocket-key") or "").encode()
    answer = base64.b64encode(hashlib.sha1(key + GUID, usedforsecurity=False).digest()).decode()
    headers = [("upgrade", "websocket"), ("connection", "Upgrade"), ("sec-websocket-accept", answer)]
    return headers if protocol is None else [*headers, ("sec-websocket-protocol", protocol)]


def shortened(reason: str) -> str:
    """What of a reason for closing fits into its frame (RFC 6455, 5.5)."""
    return reason.encode()[:REASON_BYTES_MAX].decode(errors="ignore")


def _tokens(header: str | None) -> set[str]:
    return {token.strip().lower() for token in (header or "").split(",")}


def _is_key(text: str) -> bool:
    try:
        return len(base64.b64decode(text, validate=True)) == KEY_BYTES
    except ValueError:  # no base64, or no ASCII
        return False
