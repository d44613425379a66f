"""Several statements on one lane, all of them or none: what `Store.transact` gives to the work that asked for it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncpg

from mainstay.core.environment import NONE, Environment, Isolation
from mainstay.core.operation import Ending
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.core.statement import Statement
from mainstay.core.verify import verify
from mainstay.stores.postgres.lane import Lane, begin, result_of, settings_of, the_row
from mainstay.stores.postgres.refusal import is_gone, problem_of

T = TypeVar("T")

# To what they were before the transaction. What code made up had the empty text, and `role` is in no list.
LEAVE = """
SELECT count(set_config(gone.name, coalesce(reset_val, CASE gone.name WHEN 'role' THEN 'none' ELSE '' END), true))
FROM unnest($1::text[]) AS gone(name) LEFT JOIN pg_settings AS known ON lower(known.name) = lower(gone.name)
"""


class LaneTransaction:
    """Implements `core.ports.Transaction`."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._imposed = NONE

    async def execute(
        self, statement: Statement, binds: Sequence[str | None], environment: Environment = NONE
    ) -> Result:
        started = time.perf_counter()
        try:
            await self._impose(environment)
            self._lane.leave(statement, environment)
            records = await self._lane.fetch(statement.text, binds, environment.role)
        except asyncpg.PostgresError as error:
            if is_gone(error):
                raise  # the lanes see to it
            raise problem_of(error) from error
        result = result_of(statement.columns, the_row(records), started)
        verify(statement, result)
        return result

    async def _impose(self, environment: Environment) -> None:
        """What a statement runs under is gone before the next one runs under something else, or under nothing."""
        if environment == self._imposed and not environment.transaction:
            return
        left = dict(settings_of(self._imposed)).keys() - dict(settings_of(environment)).keys()
        if left:
            await self._lane.fetch(LEAVE, [sorted(left)])
        await self._lane.impose(environment)
        self._imposed = environment


async def transact(
    lane: Lane,
    work: Callable[[LaneTransaction], Awaitable[T]],
    ending: Ending,
    isolation: Isolation | None,
    time_ms_max: int,
) -> T:
    """Do the work in a transaction of the lane. Raises what it does, 57014 past its time, and asyncpg's errors."""

    async def in_time() -> T:  # without the COMMIT: of one that was given up, nobody knows what became of it
        try:
            async with asyncio.timeout(time_ms_max / 1000):
                return await work(LaneTransaction(lane))
        except TimeoutError:
            raise Problem("57014", "canceling statement due to statement timeout") from None

    return await lane.transact(begin(isolation), in_time, ending)
