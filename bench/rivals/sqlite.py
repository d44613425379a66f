"""Mainstay on SQLite: the same app on a file with the same rows, one worker."""

import contextlib
import sqlite3
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

import sqlalchemy as sa

from bench.cases import NEW_YEAR, Content, normal, without_key
from bench.database import Database
from bench.process import DIRECTORY, Process
from bench.rivals.mainstay import Mainstay
from bench.rivals.pocketbase import fetch_all
from bench.tokens import SECRET
from examples.flights.models import Airline, Airport, Base, Flight, Plane

TABLES = [cast("sa.Table", model.__table__) for model in (Airline, Airport, Plane, Flight)]


class SQLite(Mainstay):
    name = "sqlite"

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.file = DIRECTORY / "flights.db"

    def start(self) -> None:
        self.fill()
        serve = [sys.executable, "-m", "mainstay", "serve", "bench.app:app", "--workers", "1"]
        options = ["--database", f"sqlite:///{self.file}", "--host", "127.0.0.1", "--port", str(self.port)]
        self.process = Process(self.name, [*serve, *options], {"MAINSTAY_JWT_SECRET": SECRET})
        self.process.wait(self.port, "/health/ready")

    def fill(self) -> None:
        filled = self.file.with_suffix(".filled")
        if not filled.exists():
            self.file.unlink(missing_ok=True)
            engine = sa.create_engine(f"sqlite:///{self.file}")
            Base.metadata.create_all(engine)
            for table in TABLES:
                rows = self.database.ask(partial(fetch_all, table=table))
                with engine.begin() as connection:
                    connection.execute(sa.insert(table), [kept(row) for row in rows])
            with engine.begin() as connection:
                connection.exec_driver_sql("ANALYZE")
            engine.dispose()
            filled.touch()
        self.remove_inserted()

    @contextlib.contextmanager
    def opened(self) -> Any:
        with contextlib.closing(sqlite3.connect(self.file, timeout=30)) as connection, connection:
            connection.row_factory = sqlite3.Row
            yield connection

    def inserted(self) -> Sequence[Content]:
        engine = sa.create_engine(f"sqlite:///{self.file}")
        flights = cast("sa.Table", Flight.__table__)
        with engine.connect() as connection:
            rows = connection.execute(sa.select(flights).where(flights.c.year == NEW_YEAR)).mappings().all()
        engine.dispose()
        return [without_key(normal({name: zoned(value) for name, value in row.items()})) for row in rows]

    def remove_inserted(self) -> None:
        with self.opened() as connection:
            connection.execute("DELETE FROM flights WHERE year = ?", [NEW_YEAR])


def kept(row: Any) -> dict[str, Any]:
    """SQLite has no zones: what has one is kept in UTC."""
    return {
        name: value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
        for name, value in dict(row).items()
    }


def zoned(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value
