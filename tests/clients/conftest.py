"""A served cinema, and a served shop, for each module of these tests."""

from collections.abc import Iterator

import pytest

from clients.serving import Api, serve_cinema, serve_shop
from services.postgres import Postgres


@pytest.fixture(scope="module")
def api(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The cinema, served by a process of its own."""
    with serve_cinema(postgres, tmp_path_factory.mktemp("served")) as served:
        yield served


@pytest.fixture(scope="module")
def shop(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The shop's database, served by a process of its own and nothing in Python."""
    with serve_shop(postgres, tmp_path_factory.mktemp("served")) as served:
        yield served
