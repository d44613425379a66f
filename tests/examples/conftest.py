"""The flights in a database, for every test of the examples and the benchmark."""

import asyncio
import sys
from pathlib import Path

import pytest

from services.postgres import Postgres

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:  # `examples` and `bench` are folders of the project, not of the package
    sys.path.insert(0, str(ROOT))

from examples.flights.load import load  # noqa: E402


@pytest.fixture(scope="session")
def flights_database(postgres: Postgres) -> str:
    """A URL of a database with the flights. The load before it is cut off, so that this one has that to put right."""
    database = postgres.create_database()

    def cut_off(name: str, sent: int, total: int) -> None:
        if name == "flights" and sent > total / 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(load(database, cut_off))
    assert asyncio.run(load(database, lambda *_: None))
    return database
