"""Fixtures that every room's tests may take."""

from collections.abc import Iterator

import pytest

from services.graph_schema import check_documents
from services.postgres import Postgres, start


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden bundles anew")


@pytest.fixture(autouse=True)
def _documents_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    """What GraphQL is served in any test is what introspection tells of."""
    check_documents(monkeypatch)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The embedded PostgreSQL of this test session: `.url(database)`, `.create_database() -> url`."""
    server = start()
    yield server
    server.stop()
    start.cache_clear()


@pytest.fixture
def database(postgres: Postgres) -> str:
    """The URL of a new, empty database."""
    return postgres.create_database()
