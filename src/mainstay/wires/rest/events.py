"""A read's answers as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): the rows,
and again whenever they are other ones.

An event's id is a digest of its data, so that who comes back with the one that he has is not told the same again.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from hashlib import blake2b
from typing import Any, TypeAlias

from mainstay.core.events import COMMENT, HEADERS, one_line
from mainstay.core.exchange import Response
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.wires.rest.call import Call

Later: TypeAlias = AsyncGenerator[Result | None, None]

RETRY_MS = 1_000
"""After so long a browser comes back where the connection broke."""


def stream(
    call: Call, first: Result, later: Later, known: str | None, told: Callable[[Problem], bytes | None]
) -> Response:
    """`later` gives the answers after the first, and None as a sign of life.

    `known` is the id of the event that the client has, and `told` what he is told of a problem.
    """
    headers = [*call.reply.media, *HEADERS, *call.reply.headers]
    return Response(200, headers, stream=_Begun(_events(first, later, known, told), later))


class _Begun(AsyncGenerator[bytes, None]):
    """Events of what has begun already: a generator that nobody asked for a first event would not end it."""

    def __init__(self, parts: AsyncGenerator[bytes, None], later: Later) -> None:
        self._later = later
        self._parts = parts

    async def asend(self, value: None) -> bytes:
        return await self._parts.asend(value)

    async def athrow(self, *error: Any) -> bytes:
        return await self._parts.athrow(*error)

    async def aclose(self) -> None:
        await self._parts.aclose()
        await self._later.aclose()


async def _events(
    first: Result, later: Later, known: str | None, told: Callable[[Problem], bytes | None]
) -> AsyncGenerator[bytes, None]:
    """Raises nothing: what is wrong is told in an event of its own, and ends the stream."""
    async with aclosing(later):
        yield b"retry: %d\n\n" % RETRY_MS
        if _id(first) != known:
            yield _event(first)
        try:
            async for result in later:
                yield COMMENT if result is None else _event(result)
        except Problem as problem:
            yield b"event: error\ndata: %b\n\n" % (told(problem) or b"null")


def _event(result: Result) -> bytes:
    return b"id: %b\ndata: %b\n\n" % (_id(result).encode(), one_line(result.body or b"null"))


def _id(result: Result) -> str:
    return blake2b(result.body or b"null", digest_size=16).hexdigest()
