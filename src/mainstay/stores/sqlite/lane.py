"""One connection in a thread of its own, and who waits for it: all who wait go to the thread together."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.stores.sqlite.refusal import problem_of
from mainstay.stores.sqlite.values import float_text, is_like

STEPS = 4_000
"""Of SQLite's machine between two looks at the clock: some tens of microseconds."""
BUSY_S = 5.0
CACHE_KIB = 32_000
QUICK_MS = 1.0
"""What takes less on the average is done on the event loop."""
QUICK_MS_MAX = 10.0

Job = Callable[[sqlite3.Connection], Any]


def opened(place: str, *, read_only: bool, is_late: Callable[[], bool]) -> sqlite3.Connection:
    """Raises sqlite3.Error. A statement is interrupted where `is_late` says so."""
    connection = sqlite3.connect(place, uri=True, isolation_level=None, timeout=BUSY_S)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    connection.execute("PRAGMA temp_store = MEMORY")
    if read_only:
        connection.execute("PRAGMA query_only = ON")
    else:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # else a crash may lose what was acknowledged
    connection.execute("PRAGMA case_sensitive_like = ON")
    connection.create_function("mainstay_float", 1, float_text, deterministic=True)
    connection.create_function("mainstay_ilike", 2, is_like, deterministic=True)
    connection.set_progress_handler(is_late, STEPS)
    return connection


class Clock:
    """The time that a statement has."""

    def __init__(self) -> None:
        self._deadline = 0.0

    def start(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds

    def is_late(self) -> bool:
        return time.monotonic() > self._deadline


class Quick:
    """A connection for the event loop's own thread: many a statement is done before it could be handed to another.

    One that takes longer than it used to is given up, so that it holds nobody up for more than `QUICK_MS_MAX`.
    """

    def __init__(self, place: str) -> None:
        self._clock = Clock()
        self._connection = opened(place, read_only=True, is_late=self._clock.is_late)

    def run(self, job: Callable[[sqlite3.Connection], Result]) -> Result | None:
        """What the job gives; None where that took too long. Raises Problem."""
        self._clock.start(QUICK_MS_MAX / 1000)
        try:
            return job(self._connection)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                return None
            raise problem_of(error) from error

    def close(self) -> None:
        self._connection.close()


class Waiting(NamedTuple):
    """`seconds` are what the job has; None: what every one has."""

    job: Job
    seconds: float | None
    future: "asyncio.Future[Any]"


def settle(futures: Sequence["asyncio.Future[Any]"], outcomes: Sequence[Any]) -> None:
    """Give each its outcome, unless it was given up meanwhile."""
    for future, outcome in zip(futures, outcomes, strict=True):
        if future.done():
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


class Lane:
    """`place` is a file's path or a URI of SQLite's own (https://www.sqlite.org/uri.html)."""

    def __init__(self, place: str, *, statement_ms_max: int, batch_max: int, read_only: bool) -> None:
        self.load = 0
        self._place = place
        self._seconds_max = statement_ms_max / 1000
        self._batch_max = batch_max
        self._read_only = read_only
        self._thread = ThreadPoolExecutor(1, "sqlite")
        self._waiting: list[Waiting] = []
        self._worker: asyncio.Task[None] | None = None
        self._connection: sqlite3.Connection | None = None
        self._clock = Clock()

    async def connect(self) -> None:
        """Raises MS503 where the file can't be opened."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._open)
        except sqlite3.Error as error:
            raise problem_of(error) from error

    async def run(self, job: Job, seconds: float | None = None) -> Any:
        """What the job gives, in the lane's thread, within its time. Raises Problem."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(Waiting(job, seconds, future))
        self.load += 1
        if self._worker is None:
            self._worker = asyncio.create_task(self._work())
        return await future

    async def close(self) -> None:
        if self._worker is not None:
            await asyncio.gather(self._worker, return_exceptions=True)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._shut)
        self._thread.shutdown()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting[: self._batch_max], self._waiting[self._batch_max :]
            wanted = [each for each in batch if not each.future.done()]  # who has given up is not worked for
            outcomes = await loop.run_in_executor(self._thread, self._run, wanted)
            self.load -= len(batch)
            settle([each.future for each in wanted], outcomes)
        self._worker = None

    # In the thread.

    def _open(self) -> None:
        self._connection = opened(self._place, read_only=self._read_only, is_late=self._clock.is_late)

    def renew(self, seconds: float | None) -> None:
        """What follows has its time anew."""
        self._clock.start(self._seconds_max if seconds is None else seconds)

    def _run(self, wanted: Sequence[Waiting]) -> list[Any]:
        outcomes: list[Any] = []
        for job, seconds, _ in wanted:
            self.renew(seconds)
            try:
                if self._connection is None:
                    raise TypeError("the lane is closed")
                outcomes.append(job(self._connection))
            except Problem as problem:
                outcomes.append(problem)
            except Exception as error:
                outcomes.append(problem_of(error))
        return outcomes

    def _shut(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
