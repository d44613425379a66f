"""The store: lanes for reads and lanes for writes, behind the port that the corridor knows."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any, TypeVar

import msgspec

from mainstay.core.catalog import TableKey
from mainstay.core.change import Coverage
from mainstay.core.environment import NONE, Environment, Isolation
from mainstay.core.grants import Grants
from mainstay.core.operation import Ending
from mainstay.core.ports import Transaction
from mainstay.core.problem import Problem
from mainstay.core.result import Result
from mainstay.core.statement import Column, Mode, Statement
from mainstay.stores.postgres.announce import LOOK_WHERE_ANNOUNCED, coverage
from mainstay.stores.postgres.grants import grants_of
from mainstay.stores.postgres.lane import Lane
from mainstay.stores.postgres.lanes import Lanes, PostgresSettings, read_many
from mainstay.stores.postgres.relay import SETTINGS as RELAYING
from mainstay.stores.postgres.relay import Relay
from mainstay.stores.postgres.transaction import transact

T = TypeVar("T")

READY = Statement(text="SELECT 1 AS rows", binds=(), columns=(Column.ROWS,))
EXPLAIN_FLAGS = {"analyze", "verbose", "settings", "buffers", "wal"}


async def look_anew(lane: Lane) -> None:
    """Have all who listen look: a server that was killed, whose place this one takes, may not have told what it did."""
    await lane.say(LOOK_WHERE_ANNOUNCED)


class PostgresStore:
    """Implements `core.ports.Store`."""

    def __init__(self, dsn: str, settings: PostgresSettings | None = None) -> None:
        self.settings = settings or PostgresSettings()
        common = dict(self.settings.server_settings) | {
            "application_name": "mainstay",
            "jit": "off",  # compiling a statement costs more than any that is quick enough to serve
            "statement_timeout": str(self.settings.statement_ms_max),
            "standard_conforming_strings": "on",  # as the constants in statements are written
            "client_connection_check_interval": "1000",  # ms; a worker that was killed leaves no statement behind
        }
        read_only = common | {"default_transaction_read_only": "on"}
        self._reads = Lanes(dsn, read_only, self.settings.lanes_read, self.settings)
        self._relay = Relay(dsn)
        self._writes = Lanes(dsn, common | RELAYING, self.settings.lanes_write, self.settings, self._relay)

    async def start(self) -> None:
        """Connects every lane. Raises MS503 where the database can't be reached."""
        await asyncio.gather(self._reads.start(), self._writes.start())
        with contextlib.suppress(Problem):  # a standby tells nothing
            await self._reads.work(look_anew)

    async def execute(
        self,
        statement: Statement,
        binds: Sequence[str | None],
        ending: Ending = Ending.COMMIT,
        environment: Environment = NONE,
    ) -> Result:
        lanes = self._reads if statement.mode is Mode.READ else self._writes
        return await lanes.submit(statement, binds, ending, environment)

    async def execute_many(
        self, statement: Statement, many: Sequence[Sequence[str | None]], environment: Environment = NONE
    ) -> list[Result]:
        async def on(lane: Lane) -> list[Result]:
            return await read_many(lane, statement, many, environment)

        found: list[Result] = await self._reads.work(on)
        return found

    async def coverage(self, tables: Collection[TableKey]) -> Coverage:
        """Of which changes of these tables the database tells now."""

        async def on(lane: Lane) -> Coverage:
            await lane.enter(NONE)
            return await coverage(lane.ask, tables)

        found: Coverage = await self._reads.work(on)
        return found

    async def transact(
        self,
        work: Callable[[Transaction], Awaitable[T]],
        *,
        ending: Ending = Ending.COMMIT,
        isolation: Isolation | None = None,
    ) -> T:
        async def on(lane: Lane) -> Any:
            return await transact(lane, work, ending, isolation, self.settings.statement_ms_max)

        outcome: T = await self._writes.work(on)
        return outcome

    async def estimate(self, statement: Statement, binds: Sequence[str | None], environment: Environment = NONE) -> int:
        result = await self.explain(statement, binds, frozenset(), environment)
        plan = msgspec.json.decode(result.body or b"")
        return int(plan[0]["Plan"]["Plan Rows"])

    async def explain(
        self,
        statement: Statement,
        binds: Sequence[str | None],
        options: frozenset[str],
        environment: Environment = NONE,
    ) -> Result:
        form = "TEXT" if "format_text" in options else "JSON"
        flags = [option.upper() for option in sorted(options & EXPLAIN_FLAGS)]
        text = f"EXPLAIN ({', '.join([*flags, f'FORMAT {form}'])}) {statement.text}"
        explained = Statement(text=text, binds=statement.binds, columns=(Column.BODY,), mode=statement.mode)
        return await self.execute(explained, binds, Ending.ROLLBACK, environment)

    async def grants(self, role: str, schemas: Sequence[str]) -> Grants:
        """What the database lets the role do. Raises Refusal 42704 for a role that it does not have."""

        async def on(lane: Lane) -> Grants:
            await lane.enter(NONE)
            return await grants_of(lane, role, schemas)

        found: Grants = await self._reads.work(on)
        return found

    async def ready(self) -> bool:
        """True when a lane answers within its time."""
        try:
            await self.execute(READY, ())
        except Problem:
            return False
        return True

    async def close(self) -> None:
        await asyncio.gather(self._reads.close(), self._writes.close())
        await self._relay.close()
