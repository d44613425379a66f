"""The benchmark's PostgreSQL: embedded, filled once with the flights, and put in order before each run."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import asyncpg

from bench.cases import NEW_YEAR, Content, normal, without_key
from bench.process import DIRECTORY
from examples.flights.load import load, report_progress
from mainstay.cli.embedded import wheel

Answer = TypeVar("Answer")


class Database:
    """Stops its server when the process ends."""

    def __init__(self) -> None:
        DIRECTORY.mkdir(parents=True, exist_ok=True)
        server = wheel().get_server(DIRECTORY / "postgres")
        self.url: str = server.get_uri()
        self.url_of: Callable[[str], str] = lambda name: str(server.get_uri(database=name))
        self.binaries = Path(server.bin_path)
        self.pid: int | None = server.get_pid()

    def fill(self) -> None:
        """Load the flights if they aren't there. What an interrupted run inserted goes."""
        with report_progress() as progress:
            asyncio.run(load(self.url, progress))
        # A vacuum in the middle of a run would be a part of what is measured; `remove_inserted` does its own.
        self.run("ALTER TABLE flights SET (autovacuum_enabled = off)")
        self.remove_inserted()

    def ask(self, question: Callable[[asyncpg.Connection], Awaitable[Answer]]) -> Answer:
        async def run() -> Answer:
            connection = await asyncpg.connect(self.url)
            try:
                return await question(connection)
            finally:
                await connection.close()

        return asyncio.run(run())

    def run(self, *statements: str) -> None:
        async def execute(connection: asyncpg.Connection) -> None:
            for statement in statements:
                await connection.execute(statement)

        self.ask(execute)

    def inserted(self) -> list[Content]:
        async def read(connection: asyncpg.Connection) -> list[Content]:
            rows = await connection.fetch("SELECT * FROM flights WHERE year = $1", NEW_YEAR)
            return [without_key(normal(dict(row))) for row in rows]

        return self.ask(read)

    def remove_inserted(self) -> None:
        """Also leaves the table, its indexes and the write-ahead log as they were, so that each run finds the same."""
        self.run(f"DELETE FROM flights WHERE year = {NEW_YEAR}", "VACUUM (ANALYZE) flights", "CHECKPOINT")
