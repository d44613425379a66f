"""`@supabase/postgrest-js` and `supabase-js` from npm, unchanged: the session of session.mjs, each step a test."""

import json
from pathlib import Path

import pytest

from cinema.setting import TOKENS
from clients.javascript import Steps, run_session, steps_of
from clients.node import SCRIPTS, node
from clients.serving import Api

SESSION = "session.mjs"
STEPS = steps_of(SESSION)


@pytest.fixture(scope="module")
def reported(api: Api) -> Steps:
    return run_session(SESSION, api, TOKENS)


@pytest.mark.parametrize("name", STEPS)
def test_each_step_of_the_session_passes(name: str, reported: Steps) -> None:
    step = reported[name]
    assert step["passed"], step["diff"]


def test_the_session_has_no_other_steps(reported: Steps) -> None:
    assert list(reported) == STEPS


def test_without_the_clients_the_tests_fail_and_say_who_installs_them(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="`make test` installs them"):
        node(tmp_path)


def test_the_lock_names_no_registry() -> None:
    packages = json.loads((SCRIPTS / "package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []
