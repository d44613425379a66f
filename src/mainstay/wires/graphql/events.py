"""Answers as server-sent events, in a connection for each operation: GraphQL over SSE, "distinct connections mode"
(https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md).

What is wrong with a document is an answer as well, since a stream has no other way to tell its client.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from mainstay.core.events import COMMENT, one_line
from mainstay.core.events import HEADERS as UNCACHED
from mainstay.core.limits import Limits
from mainstay.core.problem import Problem
from mainstay.wires.graphql.problems import body_of

COMPLETE = b"event: complete\ndata:\n\n"
HEADERS = (("content-type", "text/event-stream; charset=utf-8"), *UNCACHED)


async def events(answers: AsyncGenerator[bytes, None], expires: float, limits: Limits) -> AsyncGenerator[bytes, None]:
    """An event for each answer, with signs of life between them, until there are no more or the token has expired."""
    yield COMMENT  # so that the client has the headers at once
    spaced = _spaced(answers, limits.socket_ping_ms / 1000, expires)
    async with aclosing(answers), aclosing(spaced):  # the one that asks for answers is closed first
        try:
            async for answer in spaced:
                yield COMMENT if answer is None else _event(answer)
        except Problem as problem:
            yield _event(body_of(problem))
    yield COMPLETE


async def _spaced(
    answers: AsyncGenerator[bytes, None], period_s: float, expires: float
) -> AsyncGenerator[bytes | None, None]:
    """The answers, and None where there is none for a period. Raises Problem, also when the token expires."""
    following = asyncio.ensure_future(anext(answers, None))
    try:
        while True:
            await asyncio.wait({following}, timeout=max(min(period_s, expires - time.time()), 0))
            if time.time() >= expires:
                raise Problem("PGRST303", "JWT expired")
            if not following.done():
                yield None
                continue
            answer = following.result()
            if answer is None:
                return
            yield answer
            following = asyncio.ensure_future(anext(answers, None))
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


def _event(answer: bytes) -> bytes:
    return b"event: next\ndata: %b\n\n" % one_line(answer)
