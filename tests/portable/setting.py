"""The library's tables and rows in a database of either kind."""

import asyncio
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from portable.app import ROWS, Base
from services.postgres import Postgres


def in_sqlite(directory: Path) -> str:
    """The URL of a new database."""
    url = f"sqlite:///{directory / 'library.db'}"
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        fill(connection)
    engine.dispose()
    return url


def in_postgres(postgres: Postgres) -> str:
    """The URL of a new database."""
    url = postgres.create_database()
    asyncio.run(_fill(url.replace("postgresql:", "postgresql+asyncpg:", 1)))
    return url


async def _fill(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(fill)
    await engine.dispose()


def fill(connection: sa.Connection) -> None:
    Base.metadata.create_all(connection)
    for table, rows in ROWS:
        for row in rows:  # one by one: not all have the same columns
            connection.execute(sa.insert(table).values(row))
