"""The data providers that react-admin and refine have for Hasura, unchanged: each step of a session is a test."""

import functools
import json
from collections.abc import Callable, Iterator
from typing import TypeAlias

import pytest

from cinema.setting import TOKENS
from clients.javascript import Steps, run_session, steps_of
from clients.node import SCRIPTS
from clients.serving import Api, serve_cinema
from services.postgres import Postgres

Reported: TypeAlias = Callable[[str], Steps]

HASURA = SCRIPTS.parent / "hasura"
SCRIPT = "session.mjs"
PROVIDERS = {"react-admin": "ra-data-hasura", "refine": "@refinedev/hasura"}
STEPS = [(provider, step) for provider in PROVIDERS for step in steps_of(SCRIPT, HASURA / provider)]


@pytest.fixture(scope="module")
def introspected(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """react-admin's asks for the schema before it asks for anything else."""
    home = tmp_path_factory.mktemp("served")
    with serve_cinema(postgres, home, MAINSTAY_GRAPHQL_INTROSPECTION="always") as api:
        yield api


@pytest.fixture(scope="module")
def reported(introspected: Api) -> Reported:
    """What a session said of each of its steps; it runs when it is asked for the first time."""
    return functools.cache(lambda provider: run_session(SCRIPT, introspected, TOKENS, HASURA / provider))


@pytest.mark.parametrize(("provider", "name"), STEPS)
def test_each_step_of_the_sessions_passes(provider: str, name: str, reported: Reported) -> None:
    step = reported(provider)[name]
    assert step["passed"], step["diff"]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_the_sessions_have_no_other_steps(provider: str, reported: Reported) -> None:
    assert list(reported(provider)) == steps_of(SCRIPT, HASURA / provider)


@pytest.mark.parametrize(("provider", "package"), PROVIDERS.items())
def test_the_page_names_the_provider_at_the_version_that_is_tried(provider: str, package: str) -> None:
    page = (SCRIPTS.parents[2] / "docs" / "reference" / "graphql.md").read_text()
    version = json.loads((HASURA / provider / "package.json").read_text())["dependencies"][package]
    assert f"| `{package}` | {version} |" in page
