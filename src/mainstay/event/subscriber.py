"""One who waits for an answer: the latest that he has not been given, and no more, however slow he is."""

import asyncio
import math
import time
from hashlib import blake2b

from mainstay.core.problem import Problem
from mainstay.core.result import Result

WAIT_S_MAX = 86_400.0
"""A timer of a loop is not set further ahead; it is set again then."""


class Subscriber:
    """Is offered answers by whoever evaluates, and gives them to one who iterates."""

    __slots__ = ("_failure", "_offered", "_pending", "_waiter", "given")

    def __init__(self) -> None:
        self.given = b""
        """The digest of the last answer that he was given."""

        self._offered = b""
        self._pending: Result | None = None
        self._failure: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_new(self) -> bool:
        """Nothing was offered yet."""
        return not self._offered

    def offer(self, result: Result, digest: bytes) -> None:
        """One that he was given last is not given again; one that he was not given yet is replaced."""
        if digest == self._offered:
            return
        self._offered = digest
        self._pending = None if digest == self.given else result
        if self._pending is not None:
            self._wake()

    def fail(self, problem: Exception) -> None:
        self._failure = problem
        self._wake()

    async def next(self, until: float, period_s: float | None = None) -> Result | None:
        """The next answer that differs; None where there is none for a period.

        Raises what he was failed with; PGRST303 at `until`, seconds since 1970.
        """
        silent = math.inf if period_s is None else time.time() + period_s
        while True:
            left_s = until - time.time()
            if left_s <= 0:
                raise Problem("PGRST303", "JWT expired")
            if self._failure is not None:
                raise self._failure
            if self._pending is not None:
                result, self._pending = self._pending, None
                self.given = self._offered
                return result
            if time.time() >= silent:
                return None
            await self._wait(min(left_s, silent - time.time()))

    async def _wait(self, left_s: float) -> None:
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_later(left_s, self._wake) if left_s < WAIT_S_MAX else None
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def digest_of(result: Result) -> bytes:
    return blake2b(result.body or b"null", digest_size=16).digest()
