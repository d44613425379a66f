"""What of a database announces changes, for live queries: which statements install or remove it, and what is there.

Each runs by itself, so that no table is locked while another waits for its own.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg

from mainstay.app.declare import Mainstay
from mainstay.core.catalog import TableKey
from mainstay.core.change import Coverage
from mainstay.core.condition import Claim
from mainstay.plan.touched import equalities
from mainstay.stores.postgres.announce import coverage, installing, removing
from mainstay.stores.postgres.refusal import problem_of

CONNECT_S = 10.0
Connection: TypeAlias = "asyncpg.Connection[Any]"


async def installation(app: Mainstay, url: str) -> list[str]:
    """The statements by which all that the app serves announces its changes. Raises Problem."""
    async with _connected(url) as connection:
        return await installing(connection.fetch, list(app.catalog.named), worth_telling(app))


async def removal(url: str) -> list[str]:
    """The statements by which nothing does."""
    async with _connected(url) as connection:
        return await removing(connection.fetch)


async def announced(app: Mainstay, url: str) -> Coverage:
    async with _connected(url) as connection:
        return await coverage(connection.fetch, list(app.catalog.named))


async def carry_out(url: str, statements: Sequence[str]) -> None:
    """Raises Refusal for what the database does not let its user do."""
    async with _connected(url) as connection:
        for statement in statements:
            await connection.execute(statement)


def worth_telling(app: Mainstay) -> dict[TableKey, frozenset[str]]:
    """The columns that the rules compare with a claim: whose values say who may be concerned."""
    found: dict[TableKey, frozenset[str]] = {}
    for key, table in app.catalog.named.items():
        readings = (app.policy.reading(role, key) for role in app.policy.roles)
        columns = {
            column
            for reading in readings
            if reading is not None
            for column, source in equalities(table, reading.rows).items()
            if isinstance(source, Claim)
        }
        found[key] = frozenset(columns)
    return found


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Connection]:
    try:
        connection = await asyncpg.connect(url, timeout=CONNECT_S)
        try:
            yield connection
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise problem_of(error) from error
