"""One HTTP exchange as the wires see it: what came in, what goes out; sockets are `serve`'s."""

from collections.abc import Iterable
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
    """`headers` are (lower-case name, value); `body` None sends none. `role` is whom it answers, for the log."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes | None = None
    role: str | None = None
