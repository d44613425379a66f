"""`@supabase/postgrest-js` and `supabase-js` from npm, unchanged: the session of session.mjs, each step a test."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from cinema.setting import TOKENS
from clients.node import SCRIPTS, node
from clients.serving import Api

Steps: TypeAlias = dict[str, dict[str, Any]]

SESSION = SCRIPTS / "session.mjs"
STEPS = re.findall(r'^await step\("([^"]+)"', SESSION.read_text(), re.MULTILINE)


@pytest.fixture(scope="module")
def reported(api: Api) -> Steps:
    """What the session said of each of its steps, by name."""
    done = subprocess.run(
        [node(), SESSION.name, api.origin],
        cwd=SCRIPTS,
        env={**os.environ, "TOKENS": json.dumps(TOKENS), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["step"]: line for line in lines}


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
