"""One connection and its prepared statements: a lane.

A lane runs one thing at a time and is never reset: reads are in autocommit and read-only, writes in a transaction.
It reconnects by itself; while it can't, what it is given fails at once. Whatever runs under an environment runs after
the lane has entered it: no statement ever meets another's role or settings.
"""

import itertools
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import asyncpg
from asyncpg.prepared_stmt import PreparedStatement

from mainstay.core.environment import NONE, Environment, Isolation
from mainstay.core.operation import Ending
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.core.statement import Column, Statement
from mainstay.core.verify import verify
from mainstay.stores.postgres.refusal import unusable
from mainstay.stores.postgres.relay import Told

# A lane keeps this many statements prepared; PostgreSQL holds some tens of kilobytes of plan for each.
PREPARED_MAX = 500

# In order, and one value for each: `is_local` says whether the settings end with the transaction.
SET = "SELECT count(set_config(name, value, $3)) FROM unnest($1::text[], $2::text[]) AS setting(name, value)"

# What is not to be done is still to be checked, as a commit would: deferred constraints too.
CHECK_NOW = "SET CONSTRAINTS ALL IMMEDIATE"

# How statements are spelt and answers read; in another form, a text could end its quotes.
OURS = frozenset({"client_encoding", "standard_conforming_strings"})

# https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-NAMES-VALUES
UNITS = {"us": 0.001, "ms": 1.0, "s": 1e3, "min": 6e4, "h": 3.6e6, "d": 8.64e7}
TIME = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)?\s*")

Record = Sequence[Any]
T = TypeVar("T")


class Lane:
    """`dsn` and `settings` are what it connects with, `connect_s` how long it waits for that."""

    def __init__(self, dsn: str, settings: dict[str, str], *, connect_s: float, told: Told | None = None) -> None:
        self.dsn = dsn
        self.settings = settings
        self.connect_s = connect_s
        self.connection: asyncpg.Connection[Any] | None = None
        self.told = told
        self.entered = NONE
        self.left = False
        """Whether what ran since may have set something for good: then what was entered is entered again."""

        self._prepared: OrderedDict[tuple[str, str | None], PreparedStatement[Any]] = OrderedDict()
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
        if self.told is not None:
            self.told.listen(connection)
        self.connection = connection

    def abandon(self) -> None:
        """Drop the connection without a word; what runs on it fails."""
        if self.connection is not None:
            self.connection.terminate()
        self.connection = None
        self.entered, self.left = NONE, False
        self._prepared.clear()

    async def close(self) -> None:
        if self.connected and self.connection is not None:
            await self.connection.close(timeout=self.connect_s)
        self.connection = None

    async def say(self, text: str) -> None:
        """A statement that is run once and answers nothing."""
        await self._connection().execute(text)

    async def ask(self, text: str, *arguments: Any) -> list[Record]:
        """As `fetch`, spelt as a connection's own."""
        return await self.fetch(text, arguments)

    async def fetch(self, text: str, arguments: Sequence[Any], role: str | None = None) -> list[Record]:
        """Rows of a statement, prepared at its first use by the role that it runs as. Raises asyncpg's errors.

        A plan is no other role's: where it has a function's body in the place of its call, PostgreSQL asked whether the
        function may be called when it planned, and asks no more.
        """
        key = (text, role)
        prepared = self._prepared.get(key) or await self._prepare(key)
        try:
            return list(await prepared.fetch(*arguments))
        except asyncpg.InvalidCachedStatementError:  # the table changed since: its columns are other ones now
            self._prepared.pop(key, None)
            return list(await (await self._prepare(key)).fetch(*arguments))

    async def enter(self, environment: Environment) -> None:
        """Set what the statements to come run under, unless it is what the last one ran under.

        It lasts until another is entered, which costs a round trip less than a transaction around each statement.
        """
        if environment == self.entered and not self.left:
            return
        roled = self.entered.role is not None or self.left
        left = {name: "" for name, _ in self.entered.settings} | ({"role": "none"} if roled else {})
        try:
            await self._set(left | dict(settings_of(environment)), local=False)
        except (asyncpg.PostgresError, Problem):  # then none of it was set
            raise
        except BaseException:
            self.abandon()  # whether it was set is not known, and nothing may run under what is not known
            raise
        self.entered, self.left = environment, False

    async def impose(self, environment: Environment) -> None:
        """Set what the rest of the transaction runs under, and run what comes before it."""
        if environment.role is not None or environment.settings:
            bound_ms = int(self.settings.get("statement_timeout", "0"))
            await self._set(dict(within(settings_of(environment), bound_ms)), local=True)
        if environment.before is not None:
            await self._connection().execute(environment.before)

    def leave(self, statement: Statement, environment: Environment) -> None:
        """Note that the statement ran: `set_config(…, false)` in a function of its outlives it, a role among all."""
        self.left = self.left or (statement.calls and environment.role is not None)

    async def _set(self, settings: dict[str, str], *, local: bool) -> None:
        try:
            await self.fetch(SET, [list(settings), list(settings.values()), local])
        except asyncpg.InvalidParameterValueError as error:
            # All other settings are ours or the database's own, and can be set.
            raise unusable(error, "Prefer" if "timezone" in settings else "role") from error

    async def run(
        self,
        text: str,
        arguments: Sequence[str | None],
        statement: Statement,
        ending: Ending,
        environment: Environment,
    ) -> Result:
        """One statement in its transaction, committed only where the result may be.

        Raises Problem and asyncpg's errors.
        """

        async def work() -> Result:
            started = time.perf_counter()
            await self.impose(environment)
            self.leave(statement, environment)
            record = the_row(await self.fetch(text, arguments, environment.role))
            result = result_of(statement.columns, record, started)
            verify(statement, result)
            return result

        return await self.transact(begin(environment.isolation), work, ending)

    async def transact(self, begin: str, work: Callable[[], Awaitable[T]], ending: Ending) -> T:
        """What the work gives; the transaction ends with it. Raises what the work does, and asyncpg's errors."""
        await self.enter(NONE)
        connection = self._connection()
        await connection.execute(begin)
        if self.told is not None:
            self.told.forget()
        try:
            outcome = await work()
            if ending is Ending.ROLLBACK:
                await connection.execute(CHECK_NOW)
        except BaseException:
            if self.connected:
                await connection.execute("ROLLBACK")
            raise
        if ending is not Ending.COMMIT:
            await connection.execute("ROLLBACK")
            return outcome
        try:
            await connection.execute("COMMIT")
        finally:
            if self.told is not None:
                self.told.pass_on()
        return outcome

    async def _prepare(self, key: tuple[str, str | None]) -> "PreparedStatement[Any]":
        # Without a name, asyncpg has PostgreSQL parse and plan the text anew each time that it is run.
        prepared = await self._connection().prepare(key[0], name=f"mainstay_{next(self._numbers)}")
        self._prepared[key] = prepared
        if len(self._prepared) > PREPARED_MAX:
            self._prepared.popitem(last=False)
        return prepared

    def _connection(self) -> "asyncpg.Connection[Any]":
        if self.connection is None:
            raise asyncpg.InterfaceError("the lane is not connected")
        return self.connection


def begin(isolation: Isolation | None) -> str:
    """A read lane's transactions are read-only by its own default."""
    return "BEGIN" if isolation is None else f"BEGIN ISOLATION LEVEL {isolation.value}"


def settings_of(environment: Environment) -> list[tuple[str, str]]:
    """The role comes last: what it may not set itself, it may still be given."""
    role = [] if environment.role is None else [("role", environment.role)]
    return [*environment.settings, *role]


def within(settings: Iterable[tuple[str, str]], time_ms_max: int) -> Iterator[tuple[str, str]]:
    """The settings, those of a role or function among them, so far as the server lives with them.

    Past its own time it gives the connection up, so no statement is given longer; 0 bounds nothing.
    """
    for name, value in settings:
        if name == "statement_timeout" and time_ms_max and not 0 < _milliseconds(value) <= time_ms_max:
            yield name, str(time_ms_max)
        elif name not in OURS:
            yield name, value


def _milliseconds(text: str) -> float:
    """A time as PostgreSQL's settings spell it; 0 for what is none."""
    found = TIME.fullmatch(text)
    return 0.0 if found is None else float(found[1]) * UNITS[found[2] or "ms"]


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
        get(Column.STATUS),
        get(Column.HEADERS),
        cursor=get(Column.CURSOR),
    )
