"""The bytes of an answer's head (RFC 9112): its status line and headers, and what says where its body ends."""

import time
from email.utils import formatdate
from http import HTTPStatus

from mainstay.core.exchange import Response

CLOSE = ("connection", "close")
KEEP = ("connection", "keep-alive")
CHUNKED = ("transfer-encoding", "chunked")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
BODILESS = frozenset({204, 304})
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-type: text/plain\r\ncontent-length: 24\r\n"
    b"connection: close\r\n\r\nToo many are connected.\n"
)
"""For a connection that is one too many: nothing is read from it."""
_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}" for status in HTTPStatus}


class Clock:
    """The Date header, which changes once in a second."""

    def __init__(self) -> None:
        self._second = 0
        self._line = ""

    def line(self) -> str:
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._line = f"date: {formatdate(second, usegmt=True)}"
        return self._line


_clock = Clock()


def head(response: Response, *more: tuple[str, str]) -> bytes:
    """Raises ValueError for a header that would end before its value does."""
    lines = [_LINES.get(response.status) or f"HTTP/1.1 {response.status} "]
    for name, value in response.headers:
        lines.append(f"{name}: {value}")
    for name, value in more:
        lines.append(f"{name}: {value}")
    lines.append(_clock.line())
    text = "\r\n".join(lines)
    if text.count("\n") >= len(lines) or text.count("\r") >= len(lines) or "\0" in text:
        raise ValueError("a header of the answer holds the end of a line")
    return text.encode("latin-1", "replace") + b"\r\n\r\n"


def length(response: Response, method: str) -> tuple[tuple[str, str], ...]:
    """What tells where a whole body ends; a HEAD is told what a GET would be."""
    if response.body is not None and response.status not in BODILESS:
        return (("content-length", str(len(response.body))),)
    if response.status in BODILESS or method == "HEAD":
        return ()
    return (("content-length", "0"),)


def chunk(part: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(part), part)
