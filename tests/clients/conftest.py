"""A served cinema for each module of these tests."""

from collections.abc import Iterator

import pytest

from clients.serving import Api, serve_cinema
from services.postgres import Postgres


@pytest.fixture(scope="module")
def api(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The cinema, served by a process of its own."""
    with serve_cinema(postgres, tmp_path_factory.mktemp("served")) as served:
        yield served
