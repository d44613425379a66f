"""What a client's bytes say (HTTP/1.1, RFC 9112): whole requests, one after another. It knows of no connection.

llhttp, the parser of Node, reads them by way of httptools. Here are the limits, and what the RFC leaves to its user.
After a request that is refused nothing more is read: what follows it can't be trusted to be what it seems.
"""

from collections import deque
from collections.abc import Callable
from enum import Enum
from urllib.parse import unquote

import httptools
import msgspec

from mainstay.core.exchange import Request
from mainstay.core.limits import Limits
from mainstay.core.problem import Problem
from mainstay.serve import handshake, refusal

PIECE = 16_384
"""Bytes to read at once: what is read on its own account of a head, or of what is between the chunks of a body."""
HEADERS_MAX = 100
ESCAPED = 3
"""Characters of a byte that is percent-encoded."""
VERSIONS = ("1.1", "1.0")
NOTHING = Request("", "", "", {})

Check = Callable[[Request, int], None]
"""Raises Problem where the head, whose headers have so many bytes, is past a limit."""


class Message(msgspec.Struct, frozen=True):
    """A request, or why it is none. `keeps`: the client would use the connection again."""

    request: Request
    version: str
    keeps: bool
    problem: Problem | None = None
    wants_socket: bool = False


class Phase(Enum):
    """Where in a request the bytes have come to."""

    BETWEEN = "between requests"
    HEAD = "within a head"
    BODY = "within a body"


class Incoming:
    """`messages` are for the caller to take. Once it is `over`, `rest` is what came after a request for a socket."""

    def __init__(self, limits: Limits, check: Check) -> None:
        self.messages: deque[Message] = deque()
        self.phase = Phase.BETWEEN
        self.over = False
        self.continues = False
        """The client waits for 100 Continue before it sends its body."""
        self.rest = b""
        self._limits = limits
        self._check = check
        self._parser = httptools.HttpRequestParser(self)
        self._again = False
        self._unread_max = ESCAPED * limits.url_bytes_max + limits.header_bytes_max + PIECE
        self._begin()

    def feed(self, data: bytes) -> None:
        """Read on; `data` is no more than a `PIECE`."""
        if self.over:
            self.rest += data
            return
        other = None
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            other = data[upgrade.args[0] :]
        except httptools.HttpParserCallbackError as error:
            if not isinstance(error.__context__, Problem):
                raise
            self.refuse(error.__context__)
        except httptools.HttpParserError:
            self.refuse(refusal.malformed("The request is not HTTP/1.1"))
        else:
            self._unread += len(data)
            if self.phase is not Phase.BETWEEN and self._unread > self._unread_max:
                self.refuse(self._too_long())
        if other is not None:
            self._upgraded(other)

    def refuse(self, problem: Problem) -> None:
        """The request that is being read is none."""
        self.messages.append(Message(self._request, self._version, False, problem))
        self.phase = Phase.BETWEEN
        self.over = True

    def close(self) -> None:
        """The parser holds what holds it, which would be left for the collector of cycles."""
        self.over = True
        del self._parser

    def _begin(self) -> None:
        self._target = b""
        self._headers: dict[str, str] = {}
        self._header_bytes = 0
        self._headers_seen = 0
        self._request = NOTHING
        self._version = "1.1"
        self._parts: list[bytes] = []
        self._body_bytes = 0
        self._unread = 0

    # What the parser calls.

    def on_message_begin(self) -> None:
        if not self._again:
            self._begin()
            self.phase = Phase.HEAD

    def on_url(self, part: bytes) -> None:
        if not self._again:
            self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.phase is Phase.BODY:
            if self._again:
                return
            raise refusal.malformed("Trailers are not understood")
        self._headers_seen += 1
        if self._headers_seen > HEADERS_MAX:
            raise refusal.headers_too_large(self._limits)
        self._header_bytes += len(name) + len(value)
        key = name.decode("latin-1").lower()
        text = value.decode("latin-1").strip(" \t")
        headers = self._headers
        if key in headers:
            if key == "host":
                raise refusal.malformed("A request has one Host header")
            text = f"{headers[key]}, {text}"  # RFC 9110, 5.3
        headers[key] = text

    def on_headers_complete(self) -> None:
        if self._again:
            return
        self.phase = Phase.BODY
        self._unread = 0
        headers = self._headers
        self._version = self._parser.get_http_version()
        path, query = self._split()
        self._request = Request(self._parser.get_method().decode("ascii"), path, query, headers)
        self._check(self._request, self._header_bytes)
        if self._version not in VERSIONS:
            raise refusal.malformed("Only HTTP/1.1 and HTTP/1.0 are spoken here")
        if "host" not in headers and self._version == "1.1":  # RFC 9112, 3.2: must be refused
            raise refusal.malformed("A request over HTTP/1.1 needs a Host header")
        if "transfer-encoding" in headers:
            if self._version == "1.0":
                raise refusal.malformed("HTTP/1.0 has no Transfer-Encoding")
            if headers["transfer-encoding"].lower() != "chunked":
                raise refusal.unknown_coding()
        elif int(headers.get("content-length", "0")) > self._limits.body_bytes_max:
            raise refusal.body_too_large(self._limits)
        self.continues = "expect" in headers and headers["expect"].lower() == "100-continue" and self._version == "1.1"

    def on_body(self, part: bytes) -> None:
        self._unread = 0
        self._body_bytes += len(part)
        if self._body_bytes > self._limits.body_bytes_max:
            raise refusal.body_too_large(self._limits)
        self._parts.append(part)

    def on_message_complete(self) -> None:
        if self._parser.should_upgrade():
            return  # it read no body; `_upgraded` goes on
        request = self._request
        if self._parts:
            body = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            request = Request(request.method, request.path, request.query, request.headers, body)
        self._done(Message(request, self._version, self._parser.should_keep_alive()))

    def _done(self, message: Message) -> None:
        self.messages.append(message)
        self.phase = Phase.BETWEEN
        self.continues = False
        self._again = False

    def _split(self) -> tuple[str, str]:
        """The target's path and query (RFC 9112, 3.2), also where it names this server."""
        target = self._target.decode("utf-8", "replace")
        if not target.startswith("/"):
            scheme, found, rest = target.partition("://")
            if found and scheme.lower() in ("http", "https"):
                target = "/" + rest.partition("/")[2] if "/" in rest.partition("?")[0] else "/"
            elif target != "*":
                raise refusal.malformed("The request's target is no path")
        path, _, query = target.partition("#")[0].partition("?")
        return (unquote(path) if "%" in path else path), query

    def _upgraded(self, rest: bytes) -> None:
        """The client would speak another protocol, and the parser takes its body for that protocol's.

        A request for a socket ends it. Any other wish is not granted (RFC 9110, 7.8), and the request read like every
        other: its body by a new parser, which is told of the head what says where the body ends.
        """
        if self._request.method == "CONNECT":
            self.refuse(refusal.malformed("This server is no proxy"))
            return
        headers = self._headers
        if handshake.wants_socket(headers):
            self._done(Message(self._request, self._version, False, None, wants_socket=True))
            self.over = True
            self.rest = rest
            return
        kept = ("content-length", "transfer-encoding")
        lines = [f"{name}: {headers[name]}" for name in kept if name in headers]
        if "close" in headers["connection"].lower():
            lines.append("connection: close")
        framing = "\r\n".join([f"POST / HTTP/{self._version}", "host: x", *lines, "", ""])
        self._again = True
        self._parser = httptools.HttpRequestParser(self)
        self.feed(framing.encode("latin-1"))
        if rest:
            self.feed(rest)

    def _too_long(self) -> Problem:
        if self.phase is Phase.BODY:
            return refusal.malformed("There is more between the parts of the body than in them")
        return refusal.headers_too_large(self._limits) if self._headers else refusal.url_too_long(self._limits)
