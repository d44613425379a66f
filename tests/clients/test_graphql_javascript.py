"""JavaScript's GraphQL clients, unchanged, over HTTP, sockets and streams: each step of a session is a test."""

import functools
import json
import re
from collections.abc import Callable
from importlib.metadata import version
from typing import TypeAlias

import pytest

from cinema.setting import TOKENS
from clients.javascript import Steps, run_session, steps_of
from clients.node import SCRIPTS
from clients.serving import Api

Reported: TypeAlias = Callable[[str], Steps]

GRAPHQL = SCRIPTS.parent / "graphql"
SESSIONS = ["graphql-ws.mjs", "subscriptions-transport-ws.mjs", "apollo.mjs", "urql.mjs", "graphql-sse.mjs"]
STEPS = [(script, step) for script in SESSIONS for step in steps_of(script, GRAPHQL)]


@pytest.fixture(scope="module")
def reported(api: Api) -> Reported:
    """What a session said of each of its steps; it runs when it is asked for the first time."""
    return functools.cache(lambda script: run_session(script, api, TOKENS, GRAPHQL))


@pytest.mark.parametrize(("script", "name"), STEPS)
def test_each_step_of_the_sessions_passes(script: str, name: str, reported: Reported) -> None:
    step = reported(script)[name]
    assert step["passed"], step["diff"]


@pytest.mark.parametrize("script", SESSIONS)
def test_the_sessions_have_no_other_steps(script: str, reported: Reported) -> None:
    assert list(reported(script)) == steps_of(script, GRAPHQL)


def test_the_page_names_the_clients_at_the_versions_that_are_tried() -> None:
    page = (SCRIPTS.parents[2] / "docs" / "reference" / "graphql.md").read_text()
    named = dict(re.findall(r"^\| `(\S+)`(?: \(Python\))? \| ([\d.]+) \|", page, re.MULTILINE))
    installed = json.loads((GRAPHQL / "package.json").read_text())["dependencies"] | {"gql": version("gql")}
    assert set(named) - {"ra-data-hasura", "@refinedev/hasura"} == set(installed) - {
        "graphql",
        "graphql-http",
        "rxjs",
        "ws",
    }
    assert {name: installed[name] for name in named if name in installed}.items() <= named.items()
    assert f"All 61 audits of `graphql-http` {installed['graphql-http']} pass" in page
