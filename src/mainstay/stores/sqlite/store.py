"""The store: lanes for reads and one for writes, behind the port that the corridor knows."""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import msgspec

from mainstay.core.environment import NONE, Environment, Isolation
from mainstay.core.operation import Ending
from mainstay.core.ports import Transaction
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.core.statement import Column, Mode, Statement, Step
from mainstay.core.verify import verify
from mainstay.sql.dialect import SQLITE
from mainstay.stores.sqlite.lane import QUICK_MS, QUICK_MS_MAX, Lane, Quick
from mainstay.stores.sqlite.refusal import late
from mainstay.stores.sqlite.values import Value, value_of
from mainstay.stores.sqlite.writing import Writing

T = TypeVar("T")

VERSION_MIN = (3, 38)
"""With its operators -> and ->>: https://www.sqlite.org/json1.html"""
SHARE = 8
"""Of the latest time in the moving average: one in so many."""
SPEEDS_MAX = 4_096
READY = Statement(text="SELECT 1 AS rows", binds=(), columns=(Column.ROWS,), dialect=SQLITE.name)


class SQLiteSettings(msgspec.Struct, frozen=True):
    lanes_read: int = 4
    statement_ms_max: int = 2_000
    batch_max: int = 16


class SQLiteStore:
    """Implements `core.ports.Store`. Without a path it is in memory, has one lane, and ends with the store."""

    def __init__(self, url: str, settings: SQLiteSettings | None = None) -> None:
        settings = settings or SQLiteSettings()
        path = path_of(url)
        lane = {"statement_ms_max": settings.statement_ms_max, "batch_max": settings.batch_max}
        place = ":memory:" if path is None else f"file:{path}"
        self._write = Lane(place, read_only=False, **lane)
        reads = 0 if path is None else settings.lanes_read
        self._place = place
        self._quick: Quick | None = None
        self._speeds_ms: dict[Statement, float] = {}
        self._seconds_max = settings.statement_ms_max / 1000
        self._writing = Writing(self._write, settings.batch_max)
        self._reads = [Lane(place, read_only=True, **lane) for _ in range(reads)] or [self._write]

    async def start(self) -> None:
        """Opens every lane. Raises MS503 where the file can't be opened."""
        if sqlite3.sqlite_version_info < VERSION_MIN:
            raise Problem("MS503", f"SQLite 3.38 is needed; Python has {sqlite3.sqlite_version}")
        await self._write.connect()
        await asyncio.gather(*(lane.connect() for lane in self._reads if lane is not self._write))
        if self._reads[0] is not self._write:
            self._quick = Quick(self._place)

    async def execute(
        self,
        statement: Statement,
        binds: Sequence[str | None],
        ending: Ending = Ending.COMMIT,
        environment: Environment = NONE,
    ) -> Result:
        values, seconds = named(statement, binds), seconds_of(environment)
        if statement.mode is Mode.WRITE:
            return await self._writing.run(lambda connection: run(connection, statement, values), ending, seconds)
        result = self._quickly(statement, values) or await self._slowly(statement, values, seconds)
        verify(statement, result)
        return result

    def _quickly(self, statement: Statement, values: dict[str, Value]) -> Result | None:
        """The result of what is known to be quick; None for any other, or where it was not."""
        if self._quick is None or self._speeds_ms.get(statement, QUICK_MS) >= QUICK_MS:
            return None
        result = self._quick.run(lambda connection: read(connection, statement, values))
        self._note_speed(statement, QUICK_MS_MAX * SHARE if result is None else result.database_us / 1000)
        return result

    async def _slowly(self, statement: Statement, values: dict[str, Value], seconds: float | None) -> Result:
        """In a thread. Where there is but one lane, no transaction is in its midst meanwhile."""
        lane = min(self._reads, key=lambda each: each.load)
        async with self._writing.turn() if lane is self._write else nullcontext():
            result: Result = await lane.run(lambda connection: read(connection, statement, values), seconds)
        self._note_speed(statement, result.database_us / 1000)
        return result

    def _note_speed(self, statement: Statement, ms: float) -> None:
        if len(self._speeds_ms) >= SPEEDS_MAX:
            self._speeds_ms.clear()
        known = self._speeds_ms.get(statement, ms)
        self._speeds_ms[statement] = known + (ms - known) / SHARE

    async def execute_many(
        self, statement: Statement, many: Sequence[Sequence[str | None]], environment: Environment = NONE
    ) -> list[Result]:
        each = (self.execute(statement, binds, Ending.COMMIT, environment) for binds in many)
        return list(await asyncio.gather(*each))

    async def transact(
        self,
        work: Callable[[Transaction], Awaitable[T]],
        *,
        ending: Ending = Ending.COMMIT,
        isolation: Isolation | None = None,
    ) -> T:
        """Writers of other processes wait for it, as for any write."""
        async with self._writing.turn() as lane:
            try:
                async with asyncio.timeout(self._seconds_max):
                    await lane.run(begin)
                    outcome = await work(LaneTransaction(lane))
                await lane.run(commit if ending is Ending.COMMIT else rollback)
            except TimeoutError:
                raise late() from None
            finally:
                # Whatever it was that ended it, a cancellation in the midst of its begin or commit too.
                await asyncio.shield(lane.run(rollback))
            return outcome

    async def estimate(self, statement: Statement, binds: Sequence[str | None], environment: Environment = NONE) -> int:
        raise SQLITE.lacking("estimates of a number of rows")

    async def explain(
        self,
        statement: Statement,
        binds: Sequence[str | None],
        options: frozenset[str],
        environment: Environment = NONE,
    ) -> Result:
        raise SQLITE.lacking("plans that a client could read")

    async def ready(self) -> bool:
        """True when a lane answers."""
        try:
            await self.execute(READY, ())
        except Problem:
            return False
        return True

    async def close(self) -> None:
        await self._writing.close()
        await asyncio.gather(*(lane.close() for lane in {*self._reads, self._write}))
        if self._quick is not None:
            self._quick.close()


def path_of(url: str) -> str | None:
    """The file that a URL as SQLAlchemy writes it names: `sqlite:///app.db`, `sqlite:////var/app.db`; None: memory."""
    path = unquote(urlsplit(url).path).removeprefix("/")
    return None if path in ("", ":memory:") else path


def named(statement: Statement, binds: Sequence[str | None]) -> dict[str, Value]:
    """The values by the names of their parameters. Raises Refusal for a text that can't be read."""
    if statement.dialect != SQLITE.name:
        raise SQLITE.lacking("statements of other databases")
    pairs = zip(statement.binds, binds, strict=True)
    return {f"b{number}": value_of(bind, text) for number, (bind, text) in enumerate(pairs)}


def seconds_of(environment: Environment) -> float | None:
    """What a role of its own limits has for a statement. Raises Problem for any other setting, such as a time zone."""
    seconds = None
    for name, value in environment.settings:
        if name != "statement_timeout":
            raise SQLITE.lacking(f"the setting {name}")
        seconds = int(value) / 1000
    return seconds


def read(connection: sqlite3.Connection, statement: Statement, values: dict[str, Value]) -> Result:
    started = time.perf_counter_ns()
    row = connection.execute(statement.text, values).fetchone()
    return result_of(statement.columns, row, started)


NOTHING = Result(body=None, rows=0)


def begin(connection: sqlite3.Connection) -> Result:
    connection.execute("BEGIN IMMEDIATE")
    return NOTHING


def commit(connection: sqlite3.Connection) -> Result:
    connection.execute("COMMIT")
    return NOTHING


def rollback(connection: sqlite3.Connection) -> Result:
    if connection.in_transaction:  # some errors end it
        connection.execute("ROLLBACK")
    return NOTHING


def run(connection: sqlite3.Connection, statement: Statement, values: dict[str, Value]) -> Result:
    """A statement, and the others of its script, within a transaction. Raises Problem for what its guard refuses."""
    values = dict(values)
    _take(connection, statement.before, values)
    result = read(connection, statement, values)
    verify(statement, result)
    _take(connection, statement.after, values)
    return result


def _take(connection: sqlite3.Connection, steps: Sequence[Step], values: dict[str, Value]) -> None:
    for step in steps:
        found = connection.execute(step.text, values).fetchall()
        if step.gives is not None:
            values[step.gives] = msgspec.json.encode([row[0] for row in found]).decode()


class LaneTransaction:
    """Implements `core.ports.Transaction`."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    async def execute(
        self, statement: Statement, binds: Sequence[str | None], environment: Environment = NONE
    ) -> Result:
        values, seconds = named(statement, binds), seconds_of(environment)
        result: Result = await self._lane.run(lambda connection: run(connection, statement, values), seconds)
        return result


def result_of(columns: Sequence[Column], row: Sequence[object], started_ns: int) -> Result:
    fields: dict[str, object] = {
        column.value: value.encode()
        if isinstance(value, str) and column in (Column.BODY, Column.KEY, Column.CURSOR)
        else value
        for column, value in zip(columns, row, strict=True)
    }
    fields.setdefault("body", None)
    fields["database_us"] = (time.perf_counter_ns() - started_ns) // 1000
    return Result(**fields)  # type: ignore[arg-type]
