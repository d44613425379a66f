"""Options and the stage of the property tests."""

from collections.abc import Iterator
from typing import Any

import pytest

from property.stage import Stage


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--property-examples", type=int, default=10_000, help="examples to compare with the oracle")
    parser.addoption("--property-seed", type=int, default=1, help="another seed, other worlds")


# Options are unknown to a run that names no path below this folder, which then has the defaults.
@pytest.fixture(scope="session")
def examples_wanted(pytestconfig: pytest.Config) -> int:
    return int(pytestconfig.getoption("property_examples", default=10_000))


@pytest.fixture(scope="session")
def seed(pytestconfig: pytest.Config) -> int:
    return int(pytestconfig.getoption("property_seed", default=1))


@pytest.fixture(scope="session")
def stage(postgres: Any) -> Iterator[Stage]:
    stage = Stage(postgres.create_database())
    yield stage
    stage.close()
