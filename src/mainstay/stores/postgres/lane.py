"""One connection and its prepared statements: a lane.

A lane runs one thing at a time and is never reset: reads are in autocommit and read-only, writes in a transaction.
It reconnects by itself; while it can't, what it is given fails at once.
"""

import itertools
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from mainstay.core.operation import Ending
from mainstay.core.result import Result
from mainstay.core.statement import Column, Statement
from mainstay.core.verify import verify

# A lane keeps this many statements prepared; PostgreSQL holds some tens of kilobytes of plan for each.
PREPARED_MAX = 500

Record = Sequence[Any]
T = TypeVar("T")


class Lane:
    """`dsn` and `settings` are what it connects with, `connect_s` how long it waits for that."""

    def __init__(self, dsn: str, settings: dict[str, str], *, connect_s: float) -> None:
        self.dsn = dsn
        self.settings = settings
        self.connect_s = connect_s
        self.connection: asyncpg.Connection[Any] | None = None
        self._prepared: OrderedDict[str, PreparedStatement[Any]] = OrderedDict()
        self._numbers = itertools.count(1)

    @property
    def connected(self) -> bool:
        return self.connection is not None and not self.connection.is_closed()

    async def connect(self) -> None:
        """Raises OSError, TimeoutError or asyncpg's errors."""
        self.abandon()
        connection = await asyncpg.connect(
            self.dsn, timeout=self.connect_s, statement_cache_size=0, server_settings=self.settings
        )
        # JSON comes as the bytes that PostgreSQL sent: it is passed on, not looked at.
        await connection.set_type_codec("json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary")
        self.connection = connection

    def abandon(self) -> None:
        """Drop the connection without a word; what runs on it fails."""
        if self.connection is not None:
            self.connection.terminate()
        self.connection = None
        self._prepared.clear()

    async def close(self) -> None:
        if self.connected and self.connection is not None:
            await self.connection.close(timeout=self.connect_s)
        self.connection = None

    async def fetch(self, text: str, arguments: Sequence[str | None]) -> list[Record]:
        """Rows of a statement, prepared at its first use. Raises asyncpg's errors."""
        prepared = self._prepared.get(text) or await self._prepare(text)
        try:
            return list(await prepared.fetch(*arguments))
        except asyncpg.InvalidCachedStatementError:  # the table changed since: its columns are other ones now
            self._prepared.pop(text, None)
            return list(await (await self._prepare(text)).fetch(*arguments))

    async def write(self, text: str, arguments: Sequence[str | None], statement: Statement, ending: Ending) -> Result:
        """One write in its transaction, committed only where the result may be. Raises Problem and asyncpg's errors."""

        async def work() -> Result:
            started = time.perf_counter()
            result = result_of(statement.columns, the_row(await self.fetch(text, arguments)), started)
            verify(statement, result)
            return result

        return await self.transact("BEGIN", work, ending)

    async def transact(self, begin: str, work: Callable[[], Awaitable[T]], ending: Ending) -> T:
        """What the work gives; the transaction ends with it. Raises what the work does, and asyncpg's errors."""
        connection = self._connection()
        await connection.execute(begin)
        try:
            outcome = await work()
        except BaseException:
            if self.connected:
                await connection.execute("ROLLBACK")
            raise
        await connection.execute("COMMIT" if ending is Ending.COMMIT else "ROLLBACK")
        return outcome

    async def _prepare(self, text: str) -> "PreparedStatement[Any]":
        # Without a name, asyncpg has PostgreSQL parse and plan the text anew each time that it is run.
        prepared = await self._connection().prepare(text, name=f"mainstay_{next(self._numbers)}")
        self._prepared[text] = prepared
        if len(self._prepared) > PREPARED_MAX:
            self._prepared.popitem(last=False)
        return prepared

    def _connection(self) -> "asyncpg.Connection[Any]":
        if self.connection is None:
            raise asyncpg.InterfaceError("the lane is not connected")
        return self.connection


def the_row(records: Sequence[Record]) -> Record:
    """A statement's one row; EXPLAIN's lines of text as one."""
    if len(records) == 1:
        return records[0]
    return ("\n".join(str(record[0]) for record in records),)


def result_of(columns: Sequence[Column], record: Record, started: float) -> Result:
    """The statement's one row as a Result. `started` is when it was sent, by `time.perf_counter`."""
    get = dict(zip(columns, record, strict=True)).get
    body = get(Column.BODY)
    return Result(
        body.encode() if isinstance(body, str) else body,
        get(Column.ROWS) or 0,
        get(Column.TOTAL),
        get(Column.AFFECTED),
        get(Column.INSERTED),
        get(Column.KEY),
        get(Column.VIOLATIONS) or 0,
        int((time.perf_counter() - started) * 1e6),
    )
