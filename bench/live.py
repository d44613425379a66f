"""What live queries cost a worker: memory while nothing happens, how soon a change is told, and what writes lose.

python -m bench.live
"""

import asyncio
import json
import os
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import msgspec
import psutil
from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from bench.database import Database
from mainstay import Mainstay
from mainstay.app import announcing
from mainstay.core.exchange import Request
from mainstay.core.principal import Principal
from mainstay.evolve.sync import create_missing
from mainstay.wires.graphql.request import read_question

NAME = "bench_live"
IDLE = 10_000
IDLE_S = 5.0
CROWD = 1_000
CHANGES = 30
WRITERS = 16
WRITES_S = 3.0
TURNS = 3
BOARDS = 20_000

OF_BOARD = "subscription ($board: Int!) { notes(where: {board_id: {_eq: $board}}, order_by: {id: asc}) { id text } }"
ABOVE = "subscription ($above: Int!) { notes(where: {id: {_gt: $above}}, order_by: {id: asc}, limit: 5) { id text } }"


class Base(DeclarativeBase):
    pass


class Board(Base):
    __tablename__ = "boards"
    id: Mapped[int] = mapped_column(primary_key=True)


class Note(Base):
    __tablename__ = "notes"
    __table_args__ = (Index("notes_board_id", "board_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    board_id: Mapped[int] = mapped_column(ForeignKey("boards.id"))
    text: Mapped[str]


class Live(msgspec.Struct, frozen=True):
    """`kept` is the throughput of writes while others are subscribed to, over that without subscribers."""

    idle: int
    idle_kib: float
    idle_queries_per_s: float
    crowd: int
    statements: float
    p50_ms: float
    p99_ms: float
    writes_per_s: float
    kept: float
    untold_writes_per_s: float
    """Without the triggers, too."""


class Crowd:
    """Subscribers, each in a task of its own, and when each heard last."""

    def __init__(self, app: Mainstay) -> None:
        self.app = app
        self.tasks: list[asyncio.Task[None]] = []
        self.heard: list[float] = []
        self.told = asyncio.Semaphore(0)

    async def subscribe(self, text: str, variables: list[dict[str, int]]) -> None:
        """Returns once each has his first answer."""
        self.heard += [0.0] * len(variables)
        for each in variables:
            self.tasks.append(asyncio.create_task(self._listen(len(self.tasks), text, each)))
        await self.all_told(len(variables))

    async def all_told(self, count: int) -> None:
        for _ in range(count):
            await self.told.acquire()

    async def _listen(self, number: int, text: str, variables: dict[str, int]) -> None:
        body = json.dumps({"query": text, "variables": variables}).encode()
        question = read_question(Request("POST", "/graphql", "", {"content-type": "application/json"}, body))
        graph = self.app._running.current.graph
        async for _ in graph.subscribe(question, Principal("anonymous", {"sub": str(number)})):
            self.heard[number] = time.perf_counter()
            self.told.release()

    async def leave(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


def measure(database: Database) -> Live:
    return asyncio.run(_measure(database))


async def _measure(database: Database) -> Live:
    url = database.url_of(NAME)
    await _prepare(database.url, url)
    app = Mainstay(Base, database_url=url)
    anonymous = app.role("anonymous")
    for model in (Board, Note):
        anonymous.may(["read", "update"], model, columns="*")
    connection = await asyncpg.connect(url)
    untold = await _writing(url, app, None)
    await announcing.carry_out(url, await announcing.installation(app, url))
    try:
        idle_kib, queries = await _serving(app, lambda: _idle(app, connection))
        statements, p50, p99 = await _serving(app, lambda: _crowded(app, connection))
        alone, crowded = await _turns(url, app)
    finally:
        await announcing.carry_out(url, await announcing.removal(url))
        await connection.close()
    return Live(IDLE, idle_kib, queries, CROWD, statements, p50, p99, alone, crowded / alone, untold)


async def _prepare(server: str, url: str) -> None:
    connection = await asyncpg.connect(server)
    await connection.execute(f"DROP DATABASE IF EXISTS {NAME}")
    await connection.execute(f"CREATE DATABASE {NAME}")
    await connection.close()
    connection = await asyncpg.connect(url)
    await create_missing(connection, (Base.metadata,))
    await connection.execute(f"INSERT INTO boards SELECT generate_series(1, {BOARDS})")
    await connection.execute(f"INSERT INTO notes SELECT n, n, 'note ' || n FROM generate_series(1, {BOARDS}) AS n")
    await connection.execute("ANALYZE")
    await connection.close()


async def _serving(app: Mainstay, work: Callable[[], Awaitable[Any]]) -> Any:
    await app.start()
    try:
        return await work()
    finally:
        await app.stop()


async def _idle(app: Mainstay, connection: "asyncpg.Connection[Any]") -> tuple[float, float]:
    """KiB that each subscriber takes, and statements that the database runs meanwhile, but for ours."""
    crowd, process = Crowd(app), psutil.Process(os.getpid())
    await crowd.subscribe(OF_BOARD, [{"board": BOARDS}])
    before = process.memory_info().rss
    await crowd.subscribe(OF_BOARD, [{"board": number} for number in range(1, IDLE + 1)])
    held = (process.memory_info().rss - before) / IDLE / 1024
    count = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query_start > $1"
    await asyncio.sleep(1)
    since = await connection.fetchval("SELECT clock_timestamp()")
    await asyncio.sleep(IDLE_S)
    queries = await connection.fetchval(f"{count} AND pid <> pg_backend_pid()", since) / IDLE_S
    await crowd.leave()
    return held, queries


async def _crowded(app: Mainstay, connection: "asyncpg.Connection[Any]") -> tuple[float, float, float]:
    """Statements for each change that touches all, and milliseconds from its commit until a subscriber has it."""
    crowd, asked = Crowd(app), 0
    store = app._running.store
    ask = store.execute_many

    async def counted(*arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        return await ask(*arguments)

    store.execute_many = counted
    await crowd.subscribe(ABOVE, [{"above": -number} for number in range(CROWD)])
    asked = 0
    times: list[float] = []
    for number in range(CHANGES):
        await connection.execute("UPDATE notes SET text = $1 WHERE id = 1", f"change {number}")
        committed = time.perf_counter()
        await crowd.all_told(CROWD)
        times += [(heard - committed) * 1e3 for heard in crowd.heard]
    await crowd.leave()
    cuts = statistics.quantiles(times, n=100)
    return asked / CHANGES, cuts[49], cuts[98]


async def _turns(url: str, app: Mainstay) -> tuple[float, float]:
    """Writes a second without subscribers, and with those of other keys, each the median of some turns."""
    alone, crowded = [], []
    for _ in range(TURNS):
        alone.append(await _writing(url, app, None))
        crowded.append(await _writing(url, app, CROWD))
    return statistics.median(alone), statistics.median(crowded)


async def _writing(url: str, app: Mainstay, subscribers: int | None) -> float:
    async def work() -> float:
        crowd = Crowd(app)
        if subscribers is not None:
            await crowd.subscribe(OF_BOARD, [{"board": number} for number in range(1, subscribers + 1)])
        until, done = time.perf_counter() + WRITES_S, 0

        async def write(number: int) -> None:
            nonlocal done
            key = CROWD + number
            while time.perf_counter() < until:
                key += WRITERS
                body = b'{"text":"%d"}' % key
                request = Request("PATCH", "/rest/v1/notes", f"id=eq.{key % 10_000 + 5_000}", {}, body)
                response = await app.handle(request)
                if response.status != 204:
                    raise RuntimeError(response.body)
                done += 1

        await asyncio.gather(*(write(number) for number in range(WRITERS)))
        await crowd.leave()
        return done / WRITES_S

    return await _serving(app, work)


def told(found: Live) -> str:
    """The figures as sentences."""
    return (
        f"{found.idle:,} idle live queries take {found.idle_kib:.1f} KiB each and {found.idle_queries_per_s:.1f} "
        f"statements a second. A change that touches {found.crowd:,} takes {found.statements:.2f} statements, and is "
        f"told within {found.p50_ms:.0f} ms (median), {found.p99_ms:.0f} ms (p99). Of {found.writes_per_s:,.0f} writes "
        f"a second {found.kept:.0%} are left with {found.crowd:,} live queries of other keys; where nothing announces "
        f"there are {found.untold_writes_per_s:,.0f}."
    )


if __name__ == "__main__":
    print(told(measure(Database())))
