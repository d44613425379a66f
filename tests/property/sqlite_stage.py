"""The corridor on SQLite, with the tables and rows of the other stage."""

import asyncio
import json
import sqlite3
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from mainstay.cache.bounded import Bounded
from mainstay.core.catalog import Kind, TableKey
from mainstay.core.limits import Limits
from mainstay.pipeline import Pipeline
from mainstay.sql.dialect import SQLITE
from mainstay.stores.sqlite import SQLiteSettings, SQLiteStore
from property.market import CATALOG
from property.stage import Stage, stored
from property.worlds import NUMBERS, World

TYPES = {
    Kind.INTEGER: "INTEGER",
    Kind.TEXT: "TEXT",
    Kind.NUMERIC: "NUMERIC",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.DATE: "DATE",
    Kind.JSON: "JSON",
    Kind.ARRAY: "TEXT",
}
"""As SQLAlchemy would declare them; it has no arrays there, and Mainstay refuses them."""


class SQLiteStage(Stage):
    def __init__(self, directory: Path) -> None:
        path = directory / "market.db"
        self.limits = Limits()
        self.loop = asyncio.new_event_loop()
        self.connection = sqlite3.connect(path, isolation_level=None)
        for key, table in CATALOG.tables.items():
            columns = [f'"{name}" {TYPES[column.type.kind]}' for name, column in table.columns.items()]
            columns.append(f"PRIMARY KEY ({', '.join(table.primary_key)})")
            self.connection.execute(f'CREATE TABLE "{key.name}" ({", ".join(columns)})')
        self.store: Any = SQLiteStore(f"sqlite:///{path}", SQLiteSettings(lanes_read=2, statement_ms_max=20_000))
        self.run(self.store.start())

    def close(self) -> None:
        self.run(self.store.close())
        self.connection.close()
        self.loop.close()

    def pipeline(self, world: World, memory: Any = None) -> Pipeline:
        statements = Bounded(1_000) if memory is None else memory
        return Pipeline(CATALOG, world.policy, self.store, self.limits, statements, dialect=SQLITE)

    async def rows(self, key: TableKey) -> list[dict[str, Any]]:
        columns = CATALOG.tables[key].columns
        rows = self.connection.execute(f'SELECT * FROM "{key.name}"')
        return [
            {name: taken(value, column.type.kind) for (name, column), value in zip(columns.items(), row, strict=True)}
            for row in rows
        ]

    async def _fill(self, world: World) -> None:
        self.connection.execute("BEGIN")
        for key, rows in world.database.items():
            columns = CATALOG.tables[key].columns
            self.connection.execute(f'DELETE FROM "{key.name}"')
            places = ", ".join("?" for _ in columns)
            for row in rows:
                values = [kept(row[name], column.type.kind) for name, column in columns.items()]
                self.connection.execute(f'INSERT INTO "{key.name}" VALUES ({places})', values)
        self.connection.execute("COMMIT")


def kept(value: Any, kind: Kind) -> Any:
    """As SQLAlchemy's type keeps it."""
    if kind is Kind.JSON:
        return stored(value)
    match value:
        case Decimal():
            return float(value)
        case date():
            return value.isoformat()
        case list():
            return json.dumps(value)
        case _:
            return value


def taken(value: Any, kind: Kind) -> Any:
    """As a driver of PostgreSQL gives it."""
    if value is None:
        return None
    match kind:
        case Kind.NUMERIC:
            return next(number for number in NUMBERS if number == Decimal(str(value)))
        case Kind.BOOLEAN:
            return bool(value)
        case Kind.DATE:
            return date.fromisoformat(value)
        case Kind.ARRAY:
            return json.loads(value)
        case _:
            return value
