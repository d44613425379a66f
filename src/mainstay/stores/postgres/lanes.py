"""Lanes of one kind and the queue before them: natural batching, and a watch over what does not come back.

A lane that comes free takes the group that has waited longest and answers it with one statement. A group that fails
is run again one by one, so that no caller's bad value fails another's request.
"""

import asyncio
import time
from collections.abc import Sequence

import msgspec

from mainstay.core.operation import Ending
from mainstay.core.result import Result
from mainstay.core.statement import Mode, Statement
from mainstay.core.verify import verify
from mainstay.sql.binds import array_literal
from mainstay.stores.postgres.lane import Lane, result_of, the_row
from mainstay.stores.postgres.queue import Queue, Waiting
from mainstay.stores.postgres.refusal import is_gone, overloaded, problem_of, unavailable

WATCH_S = 0.25
RECONNECT_S_MAX = 1.0
SPEEDS_MAX = 4_096


class PostgresSettings(msgspec.Struct, frozen=True):
    """How many lanes, and how long anything may take."""

    lanes_read: int = 2
    lanes_write: int = 1
    statement_ms_max: int = 2_000
    batch_max: int = 32
    queue_max: int = 1_000
    connect_ms_max: int = 2_000
    grace_ms: int = 1_000
    """How much longer than `statement_ms_max` a silent connection is waited for before it is given up."""
    slow_ms: int = 20
    """A statement whose moving average is slower is run alone, so that it holds nobody up."""


class Lanes:
    """`size` lanes that share a queue."""

    def __init__(self, dsn: str, server_settings: dict[str, str], size: int, settings: PostgresSettings) -> None:
        self.settings = settings
        connect_s = settings.connect_ms_max / 1000
        self._lanes = [Lane(dsn, server_settings, connect_s=connect_s) for _ in range(size)]
        self._queue = Queue(settings.batch_max)
        self._idle: list[asyncio.Future[None]] = []
        self._workers: dict[Lane, asyncio.Task[None]] = {}
        self._watcher: asyncio.Task[None] | None = None
        self._running: dict[Lane, list[Waiting]] = {}
        self._cancelling: set[Lane] = set()
        self._speed_ms: dict[Statement, float] = {}

    async def start(self) -> None:
        """Raises MS503 where a lane can't connect."""
        try:
            await asyncio.gather(*(lane.connect() for lane in self._lanes))
        except Exception as error:
            raise problem_of(error) from error
        self._workers = {lane: asyncio.create_task(self._work(lane)) for lane in self._lanes}
        self._watcher = asyncio.create_task(self._watch())

    async def close(self) -> None:
        tasks = [*self._workers.values(), *([self._watcher] if self._watcher else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        _fail(self._queue.expired(float("inf")), unavailable())
        await asyncio.gather(*(lane.close() for lane in self._lanes), return_exceptions=True)

    async def submit(self, statement: Statement, binds: Sequence[str | None], ending: Ending) -> Result:
        """Wait in line for the result. Raises Problem; MS504 at once when the queue is full."""
        if len(self._queue) >= self.settings.queue_max:
            raise overloaded()
        if not any(lane.connected for lane in self._lanes):
            raise unavailable()
        loop = asyncio.get_running_loop()
        waiting = Waiting(statement, binds, ending, loop.create_future(), loop.time())
        self._queue.put(waiting, alone=self._speed_ms.get(statement, 0.0) > self.settings.slow_ms)
        self._wake()
        try:
            return await waiting.future
        except asyncio.CancelledError:
            self._give_up(waiting)
            raise

    def _wake(self) -> None:
        while self._idle:
            sleeper = self._idle.pop()
            if not sleeper.done():
                sleeper.set_result(None)
                return

    def _wake_all(self) -> None:
        while self._idle:
            self._wake()

    def _give_up(self, waiting: Waiting) -> None:
        """Nobody waits for it any more: a statement that runs for no one is cancelled on the server."""
        for lane, group in self._running.items():
            if waiting in group and all(other.future.done() for other in group) and lane not in self._cancelling:
                self._cancelling.add(lane)
                self._workers[lane].cancel()

    async def _work(self, lane: Lane) -> None:
        """A lane's life: connect, take what waits, answer it, sleep where nothing does."""
        while True:
            if not lane.connected:
                await self._reconnect(lane)
            group = self._queue.take()
            if not group:
                sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._idle.append(sleeper)
                await sleeper
                continue
            self._running[lane] = group
            lane.started_at = time.monotonic()
            try:
                await self._answer(lane, group)
            except asyncio.CancelledError:
                self._resume(lane)
            finally:
                lane.started_at = None
                del self._running[lane]

    def _resume(self, lane: Lane) -> None:
        """Go on after a statement was given up; a cancellation that means the lane itself passes on."""
        if lane not in self._cancelling:
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
                await self._answer(lane, [waiting])
        else:
            _fail(group, problem_of(error))

    def _return_to_queue(self, group: list[Waiting]) -> None:
        """A read that lost its connection is asked once more; a write may have been committed, so it is not."""
        for waiting in group:
            if waiting.statement.mode is Mode.READ and not waiting.retried and not waiting.future.done():
                waiting.retried = True
                self._queue.put(waiting, alone=False)
            else:
                _fail([waiting], unavailable())

    async def _run(self, lane: Lane, group: list[Waiting]) -> list[Result]:
        statement = group[0].statement
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
            for lane, group in list(self._running.items()):
                if lane.started_at is not None and time.monotonic() - lane.started_at > patience_s:
                    _fail(group, unavailable())
                    lane.abandon()
            _fail(self._queue.expired(asyncio.get_running_loop().time() - patience_s), unavailable())
            if not all(lane.connected for lane in self._lanes):
                self._wake_all()  # a lane whose connection was closed while it slept has to connect again


async def _read(lane: Lane, group: list[Waiting]) -> list[Result]:
    """One round trip for the group: alone, shared where nothing varies, or batched."""
    first = group[0]
    statement = first.statement
    batch = statement.batch
    started = time.perf_counter()
    if len(group) == 1 or batch is None:
        records = await lane.fetch(statement.text, first.binds)
        result = result_of(statement.columns, the_row(records), started)
        verify(statement, result)
        return [result] * len(group)
    records = await lane.fetch(batch.text, _arrays(statement, batch.positions, group))
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
        return [await lane.write(statement.text, first.binds, statement, first.ending)]
    arguments = [
        first.binds[position]
        if statement.binds[position].constant
        else f"[{','.join(waiting.binds[position] or 'null' for waiting in group)}]"
        for position in batch.positions
    ]
    result = await lane.write(batch.text, arguments, statement, first.ending)
    return [msgspec.structs.replace(result, rows=1)] * len(group)


def _arrays(statement: Statement, positions: Sequence[int], group: list[Waiting]) -> list[str | None]:
    first = group[0]
    return [
        first.binds[position]
        if statement.binds[position].constant
        else array_literal([waiting.binds[position] for waiting in group])
        for position in positions
    ]


def _fail(group: list[Waiting], error: Exception) -> None:
    for waiting in group:
        if not waiting.future.done():
            waiting.future.set_exception(error)
