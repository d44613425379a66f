"""What passes between `serve` and the wires: requests, responses, and sockets; bytes and connections are `serve`'s."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Protocol

import msgspec


class Headers(Protocol):
    """Request headers by lower-case name; a name that came twice gives its values with commas between them."""

    def get(self, name: str, /) -> str | None: ...
    def items(self) -> Iterable[tuple[str, str]]: ...


class Request(msgspec.Struct, frozen=True):
    """`path` is percent-decoded, `query` is as sent; `body` is whole and within its limit."""

    method: str
    path: str
    query: str
    headers: Headers
    body: bytes = b""


class Response(msgspec.Struct, frozen=True):
    """`headers` are (lower-case name, value); `body` None sends none. `role` is whom it answers, for the log.

    A `stream` is sent in place of a body, each part as soon as it is there; the next is asked for when the client has
    taken the one before. It is closed when its end, the client or the server ends it.
    """

    status: int
    headers: list[tuple[str, str]]
    body: bytes | None = None
    role: str | None = None
    stream: AsyncGenerator[bytes, None] | None = None


class Socket(Protocol):
    """A WebSocket, of text messages alone."""

    async def receive(self) -> str | None:
        """The next message; None once the client has gone, or has been told to."""
        ...

    async def send(self, message: bytes) -> None:
        """UTF-8. Returns when there is room for another; to a client that has gone, nothing is sent."""
        ...

    def close(self, code: int, reason: str = "") -> None:
        """Say goodbye, and why (RFC 6455, 7.4). What is sent or received after that is lost."""
        ...


class Upgrade(msgspec.Struct, frozen=True):
    """The answer to a request for a socket: `converse` holds the conversation, in this protocol of those asked for."""

    protocol: str | None
    converse: Callable[[Socket], Awaitable[None]]
