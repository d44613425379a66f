"""Writes in turn: all that wait are done in one transaction, each in a savepoint of its own, and acknowledged after it.

One commit for many is what makes writes fast where each commit waits for the disk. One that fails is undone alone.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple

from mainstay.core.operation import Ending
from mainstay.core.result import Result
from mainstay.stores.sqlite.lane import Lane, settle
from mainstay.stores.sqlite.refusal import problem_of

Work = Callable[[sqlite3.Connection], Result]


class Write(NamedTuple):
    work: Work
    ending: Ending
    seconds: float | None


class Pending(NamedTuple):
    write: Write
    future: "asyncio.Future[Result]"


class Writing:
    """Belongs to one event loop."""

    def __init__(self, lane: Lane, batch_max: int) -> None:
        self._lane = lane
        self._batch_max = batch_max
        self._turn = asyncio.Lock()
        self._pending: list[Pending] = []
        self._worker: asyncio.Task[None] | None = None

    async def run(self, work: Work, ending: Ending, seconds: float | None) -> Result:
        """What the work gives, once it is committed. Raises Problem."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._pending.append(Pending(Write(work, ending, seconds), future))
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return await future

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Lane]:
        """The lane for oneself."""
        async with self._turn:
            yield self._lane

    async def close(self) -> None:
        if self._worker is not None:
            await asyncio.gather(self._worker, return_exceptions=True)

    async def _work(self) -> None:
        while self._pending:
            async with self._turn:
                batch, self._pending = self._pending[: self._batch_max], self._pending[self._batch_max :]
                wanted = [each for each in batch if not each.future.done()]  # who has given up is not worked for
                try:
                    outcomes = await self._lane.run(partial(self._group, writes=[each.write for each in wanted]))
                except Exception as error:  # nothing could begin
                    outcomes = [error] * len(wanted)
            settle([each.future for each in wanted], outcomes)
        self._worker = None

    # In the lane's thread.

    def _group(self, connection: sqlite3.Connection, writes: Sequence[Write]) -> list[Result | Exception]:
        if len(writes) == 1:
            return [self._alone(connection, writes[0])]
        outcomes: list[Result | Exception] = []
        connection.execute("BEGIN IMMEDIATE")
        for write in writes:
            outcomes.append(self._in_savepoint(connection, write))
            if not connection.in_transaction:  # an interrupted write ends it, and what was done before
                return self._one_by_one(connection, writes, outcomes)
        connection.execute("COMMIT")
        return outcomes

    def _in_savepoint(self, connection: sqlite3.Connection, write: Write) -> Result | Exception:
        self._lane.renew(write.seconds)
        connection.execute("SAVEPOINT one")
        try:
            outcome: Result | Exception = write.work(connection)
            undone = write.ending is Ending.ROLLBACK
        except Exception as error:
            outcome, undone = problem_of(error), True
        if connection.in_transaction:
            if undone:
                connection.execute("ROLLBACK TO one")
            connection.execute("RELEASE one")
        return outcome

    def _one_by_one(
        self, connection: sqlite3.Connection, writes: Sequence[Write], outcomes: Sequence[Result | Exception]
    ) -> list[Result | Exception]:
        """Those that failed have failed; the others are done anew."""
        known = [*outcomes, *(None for _ in writes[len(outcomes) :])]
        return [
            outcome if isinstance(outcome, Exception) else self._alone(connection, write)
            for write, outcome in zip(writes, known, strict=True)
        ]

    def _alone(self, connection: sqlite3.Connection, write: Write) -> Result | Exception:
        self._lane.renew(write.seconds)
        try:
            connection.execute("BEGIN IMMEDIATE")
            result = write.work(connection)
            connection.execute("COMMIT" if write.ending is Ending.COMMIT else "ROLLBACK")
        except Exception as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            return problem_of(error)
        return result
