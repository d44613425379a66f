"""What the tests of the real process share: a database of the session's server, and a server of one's own to break."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from blackbox.cinema_process import slow_cinema_database
from services.postgres import Postgres, launch

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="module")
def cinema_database(postgres: Postgres) -> str:
    """The cinema's database, one for each module of tests."""
    return slow_cinema_database(postgres)


@pytest.fixture
def breakable() -> Iterator[Postgres]:
    """A PostgreSQL that a test may kill, stop and freeze."""
    server = launch()
    yield server
    server.stop()
