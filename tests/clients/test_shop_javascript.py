"""JavaScript's clients, unchanged, against a database as Supabase sets one up: each step of a session is a test."""

import functools
from collections.abc import Callable
from typing import TypeAlias

import pytest

from clients.javascript import Steps, run_session, steps_of
from clients.serving import Api
from shop.setting import TOKENS

Reported: TypeAlias = Callable[[str], Steps]

SESSIONS = ["shop-supabase.mjs", "shop-postgrest.mjs", "shop-react-admin.mjs", "shop-refine.mjs"]
STEPS = [(script, step) for script in SESSIONS for step in steps_of(script)]


@pytest.fixture(scope="module")
def reported(shop: Api) -> Reported:
    """What a session said of each of its steps; it runs when it is asked for the first time."""
    return functools.cache(lambda script: run_session(script, shop, TOKENS))


@pytest.mark.parametrize(("script", "name"), STEPS)
def test_each_step_of_the_sessions_passes(script: str, name: str, reported: Reported) -> None:
    step = reported(script)[name]
    assert step["passed"], step["diff"]


@pytest.mark.parametrize("script", SESSIONS)
def test_the_sessions_have_no_other_steps(script: str, reported: Reported) -> None:
    assert list(reported(script)) == steps_of(script)
