"""The museum: a database of ours that has whatever reflection must cope with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reflect.reflected import Reflected
from services.postgres import Postgres

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def museum_url(postgres: Postgres) -> str:
    """For reading alone: the tests of this folder share it."""
    return postgres.create_database((HERE / "museum.sql").read_text(), (HERE / "museum_rows.sql").read_text())


@pytest.fixture(scope="session")
def museum(museum_url: str) -> Iterator[Reflected]:
    reflected = Reflected(museum_url, ("museum",), ("tools",))
    yield reflected
    reflected.close()
