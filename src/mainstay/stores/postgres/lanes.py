"""Lanes of one kind and the queues before them: natural batching, and a watch over what does not come back.

A lane that comes free takes the group that has waited longest and answers it with one statement. Requests that can
share a statement are kept to few lanes, because the fewer the lanes the larger the groups; the other lanes are for
what runs alone: slow statements, and writes that answer with rows. A group that fails is run again one by one, so
that no caller's bad value fails another's request.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from mainstay.core.environment import NONE, Environment
from mainstay.core.operation import Ending
from mainstay.core.result import Result
from mainstay.core.statement import Mode, Statement
from mainstay.core.verify import verify
from mainstay.sql.binds import array_literal
from mainstay.stores.postgres.lane import Lane, result_of, the_row
from mainstay.stores.postgres.queue import WORK, Queue, Waiting
from mainstay.stores.postgres.refusal import is_gone, overloaded, problem_of, unavailable
from mainstay.stores.postgres.relay import Relay, Told

WATCH_S = 0.25
IN_LINE_S_MAX = 1.5  # with the defaults a request is answered within 4.75 s, whatever becomes of the database
RECONNECT_S_MAX = 1.0
SPEEDS_MAX = 4_096


class PostgresSettings(msgspec.Struct, frozen=True):
    """How many lanes, and how long anything may take."""

    lanes_read: int = 8
    lanes_write: int = 4
    lanes_shared: int = 2
    """Lanes that batches may use at once; a batch that takes longer than `slow_ms` no longer counts."""
    statement_ms_max: int = 2_000
    batch_max: int = 16
    queue_max: int = 1_000
    connect_ms_max: int = 2_000
    grace_ms: int = 1_000
    """How much longer than `statement_ms_max` a silent connection is waited for before it is given up."""
    server_settings: tuple[tuple[str, str], ...] = ()
    """The database's own settings, besides those that a lane needs."""
    slow_ms: int = 20
    """A statement whose moving average is slower is run alone, so that it holds nobody up."""


class Run(NamedTuple):
    """What a lane is at, since when by `time.monotonic`, and whether it is one that others may share."""

    group: list[Waiting]
    started: float
    shared: bool


class Lanes:
    """`size` lanes, and who waits for them."""

    def __init__(
        self,
        dsn: str,
        server_settings: dict[str, str],
        size: int,
        settings: PostgresSettings,
        relay: Relay | None = None,
    ) -> None:
        self.settings = settings
        connect_s = settings.connect_ms_max / 1000
        self._lanes = [
            Lane(dsn, server_settings, connect_s=connect_s, told=None if relay is None else Told(relay))
            for _ in range(size)
        ]
        self._shared = Queue(settings.batch_max)
        self._alone = Queue(1)
        self._idle: list[asyncio.Future[None]] = []
        self._workers: dict[Lane, asyncio.Task[None]] = {}
        self._watcher: asyncio.Task[None] | None = None
        self._running: dict[Lane, Run] = {}
        self._cancelling: set[Lane] = set()
        self._closing = False
        self._down = False
        self._speed_ms: dict[Statement, float] = {}
        self._loop: asyncio.AbstractEventLoop

    async def start(self) -> None:
        """Raises MS503 where a lane can't connect."""
        self._loop = asyncio.get_running_loop()  # kept: Python 3.11 makes a system call whenever it is asked for
        try:
            await asyncio.gather(*(lane.connect() for lane in self._lanes))
        except Exception as error:
            raise problem_of(error) from error
        self._workers = {lane: asyncio.create_task(self._work(lane)) for lane in self._lanes}
        self._watcher = asyncio.create_task(self._watch())

    async def close(self) -> None:
        self._closing = True
        tasks = [*self._workers.values(), *([self._watcher] if self._watcher else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._fail_all()
        await asyncio.gather(*(lane.close() for lane in self._lanes), return_exceptions=True)

    async def submit(
        self, statement: Statement, binds: Sequence[str | None], ending: Ending, environment: Environment
    ) -> Result:
        """Wait in line for the result. Raises Problem; MS504 at once when the queue is full."""
        waiting = self._waiting(statement, binds, ending, environment)
        result: Result = await self._wait(waiting, alone=not is_shared(waiting) or self._is_slow(statement))
        return result

    async def work(self, work: Callable[[Lane], Awaitable[Any]]) -> Any:
        """Wait in line for a lane of one's own, and for what the work makes of it. Raises as `submit` does."""
        waiting = self._waiting(WORK, (), Ending.COMMIT, NONE)
        waiting.work = work
        return await self._wait(waiting, alone=True)

    def _waiting(
        self, statement: Statement, binds: Sequence[str | None], ending: Ending, environment: Environment
    ) -> Waiting:
        future: asyncio.Future[Any] = self._loop.create_future()
        return Waiting(statement, binds, ending, environment, future, time.monotonic())

    async def _wait(self, waiting: Waiting, *, alone: bool) -> Any:
        if len(self._shared) + len(self._alone) >= self.settings.queue_max:
            raise overloaded()
        if self._down:
            raise unavailable()
        self._put(waiting, alone=alone)
        try:
            return await waiting.future
        except asyncio.CancelledError:
            self._give_up(waiting)
            raise

    def _put(self, waiting: Waiting, *, alone: bool) -> None:
        if alone:
            self._alone.put(waiting, alone=True)
            self._wake()
        else:
            self._shared.put(waiting, alone=False)
            if self._count(shared=True) < self.settings.lanes_shared:
                self._wake()

    def _take(self) -> list[Waiting]:
        """What a free lane should do now. One lane is kept from what runs alone, so that batches always find one."""
        if len(self._shared) and self._count(shared=True) < self.settings.lanes_shared:
            return self._shared.take()
        if len(self._alone) and self._count(shared=False) < max(1, len(self._lanes) - 1):
            return self._alone.take()
        return []

    def _count(self, *, shared: bool) -> int:
        """Lanes that run batches; or those that run anything else, such as a batch that turned out slow."""
        overdue = time.monotonic() - self.settings.slow_ms / 1000
        count = 0
        for run in self._running.values():  # on each request's path: the plain loop is the fastest form
            count += (run.shared and run.started > overdue) is shared
        return count

    def _overtake(self, started: float) -> None:
        """Let another lane take over from a batch that turned out slow.

        A loop's timers go by the time at which its iteration began, so that they may be early: then the batch does not
        count as slow yet, and a lane that was woken would sleep again for good.
        """
        left_s = started + self.settings.slow_ms / 1000 - time.monotonic()
        if left_s > 0:
            self._loop.call_later(left_s + 0.001, self._overtake, started)
        else:
            self._wake()

    def _is_slow(self, statement: Statement) -> bool:
        return self._speed_ms.get(statement, 0.0) > self.settings.slow_ms

    def _wake(self) -> None:
        while self._idle:
            sleeper = self._idle.pop()
            if not sleeper.done():
                sleeper.set_result(None)
                return

    def _wake_all(self) -> None:
        while self._idle:
            self._wake()

    def _fail_all(self) -> None:
        for queue in (self._shared, self._alone):
            _fail(queue.expired(float("inf")), unavailable())

    def _give_up(self, waiting: Waiting) -> None:
        """Nobody waits for it any more: a statement that runs for no one is cancelled on the server."""
        for lane, run in self._running.items():
            abandoned = waiting in run.group and all(other.future.done() for other in run.group)
            if abandoned and lane not in self._cancelling:
                self._cancelling.add(lane)
                self._workers[lane].cancel()

    async def _work(self, lane: Lane) -> None:
        """A lane's life: connect, take what waits, answer it, sleep where nothing does."""
        while True:
            if not lane.connected:
                self._down = not any(other.connected for other in self._lanes)
                await self._reconnect(lane)
                self._down = False
            group = self._take()
            if not group:
                sleeper: asyncio.Future[None] = self._loop.create_future()
                self._idle.append(sleeper)
                await sleeper
                continue
            shared = is_shared(group[0]) and not self._is_slow(group[0].statement)
            self._running[lane] = Run(group, time.monotonic(), shared)
            # Past this time a batch counts as slow, and another lane may take over from it.
            overdue = self._loop.call_later(self.settings.slow_ms / 1000, self._overtake, self._running[lane].started)
            try:
                await self._answer(lane, group)
            except asyncio.CancelledError:
                self._resume(lane)
            finally:
                overdue.cancel()
                del self._running[lane]

    def _resume(self, lane: Lane) -> None:
        """Go on after a statement was given up; a cancellation that means the lane itself passes on."""
        if self._closing or lane not in self._cancelling:
            raise asyncio.CancelledError
        self._cancelling.discard(lane)
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()

    async def _reconnect(self, lane: Lane) -> None:
        delay_s = 0.05
        while not lane.connected:
            try:
                await lane.connect()
            except Exception as error:
                if not any(other.connected for other in self._lanes):
                    self._fail_all()
                if not is_gone(error):
                    delay_s = RECONNECT_S_MAX
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, RECONNECT_S_MAX)

    async def _answer(self, lane: Lane, group: list[Waiting]) -> None:
        """Give each of the group its result or its problem."""
        try:
            results = await self._run(lane, group)
        except Exception as error:
            await self._recover(lane, group, error)
            return
        for waiting, result in zip(group, results, strict=True):
            if not waiting.future.done():
                waiting.future.set_result(result)

    async def _recover(self, lane: Lane, group: list[Waiting], error: Exception) -> None:
        if is_gone(error) or not lane.connected:
            lane.abandon()
            self._return_to_queue(group)
        elif len(group) > 1:
            for waiting in group:
                self._put(waiting, alone=True)
        else:
            _fail(group, problem_of(error))

    def _return_to_queue(self, group: list[Waiting]) -> None:
        """A read that lost its connection is asked once more; a write may have been committed, so it is not."""
        for waiting in group:
            if waiting.statement.mode is Mode.READ and not waiting.retried and not waiting.future.done():
                waiting.retried = True
                self._put(waiting, alone=not is_shared(waiting))
            else:
                _fail([waiting], unavailable())

    async def _run(self, lane: Lane, group: list[Waiting]) -> list[Any]:
        work, statement = group[0].work, group[0].statement
        if work is not None:
            return [await work(lane)]
        started = time.perf_counter()
        if statement.mode is Mode.READ:
            results = await _read(lane, group)
        else:
            results = await _write(lane, group)
        self._note_speed(statement, (time.perf_counter() - started) * 1e3 / len(group))
        return results

    def _note_speed(self, statement: Statement, elapsed_ms: float) -> None:
        before = self._speed_ms.get(statement)
        self._speed_ms[statement] = elapsed_ms if before is None else before + (elapsed_ms - before) / 8
        if len(self._speed_ms) > SPEEDS_MAX:
            del self._speed_ms[next(iter(self._speed_ms))]

    async def _watch(self) -> None:
        """Fail what has been silent too long: a frozen server answers no cancel request either."""
        patience_s = (self.settings.statement_ms_max + self.settings.grace_ms) / 1000
        while True:
            await asyncio.sleep(WATCH_S)
            too_old = time.monotonic() - patience_s
            for lane, run in list(self._running.items()):
                if run.started < too_old:
                    _fail(run.group, unavailable())
                    lane.abandon()
                # It may have been long in line before, and nobody is to wait for both.
                _fail([waiting for waiting in run.group if waiting.since < too_old - IN_LINE_S_MAX], unavailable())
            for queue in (self._shared, self._alone):
                _fail(queue.expired(too_old), unavailable())
            self._down = not any(lane.connected for lane in self._lanes)
            if not all(lane.connected for lane in self._lanes):
                self._wake_all()  # a lane whose connection was closed while it slept has to connect again


def is_shared(waiting: Waiting) -> bool:
    """Whether it can be answered together with others of its statement; a write only where it can be told apart."""
    if waiting.environment.transaction:
        return False
    return waiting.statement.mode is Mode.READ or (
        waiting.statement.batch is not None and waiting.ending is Ending.COMMIT
    )


async def read_many(
    lane: Lane, statement: Statement, many: Sequence[Sequence[str | None]], environment: Environment
) -> list[Result]:
    """A batch that was put together elsewhere, of any size. Raises asyncpg's errors."""
    started = time.perf_counter()
    await lane.enter(environment)
    lane.leave(statement, environment)
    batch, first = statement.batch, many[0]
    if len(many) == 1 or batch is None:
        records = await lane.fetch(statement.text, first, environment.role)
        return [result_of(statement.columns, the_row(records), started)] * len(many)
    records = await lane.fetch(batch.text, _arrays(statement, batch.positions, many), environment.role)
    return [result_of(statement.columns, record, started) for record in records]


async def _read(lane: Lane, group: list[Waiting]) -> list[Result]:
    """One round trip for the group: alone, shared where nothing varies, or batched."""
    first = group[0]
    statement = first.statement
    batch = statement.batch
    started = time.perf_counter()
    if first.environment.transaction:
        return [await lane.run(statement.text, first.binds, statement, first.ending, first.environment)]
    await lane.enter(first.environment)
    lane.leave(statement, first.environment)
    if len(group) == 1 or batch is None:
        records = await lane.fetch(statement.text, first.binds, first.environment.role)
        result = result_of(statement.columns, the_row(records), started)
        verify(statement, result)
        return [result] * len(group)
    arrays = _arrays(statement, batch.positions, [waiting.binds for waiting in group])
    records = await lane.fetch(batch.text, arrays, first.environment.role)
    results = [result_of(statement.columns, record, started) for record in records]
    if statement.single:
        for result in results:
            verify(statement, result)
    return results


async def _write(lane: Lane, group: list[Waiting]) -> list[Result]:
    first = group[0]
    statement = first.statement
    batch = statement.batch
    if len(group) == 1 or batch is None:
        return [await lane.run(statement.text, first.binds, statement, first.ending, first.environment)]
    arguments = [
        first.binds[position]
        if statement.binds[position].constant
        else f"[{','.join(waiting.binds[position] or 'null' for waiting in group)}]"
        for position in batch.positions
    ]
    result = await lane.run(batch.text, arguments, statement, first.ending, first.environment)
    return [msgspec.structs.replace(result, rows=1)] * len(group)


def _arrays(statement: Statement, positions: Sequence[int], many: Sequence[Sequence[str | None]]) -> list[str | None]:
    first = many[0]
    return [
        first[position] if statement.binds[position].constant else array_literal([binds[position] for binds in many])
        for position in positions
    ]


def _fail(group: list[Waiting], error: Exception) -> None:
    for waiting in group:
        if not waiting.future.done():
            waiting.future.set_exception(error)
