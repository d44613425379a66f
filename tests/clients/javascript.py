"""A session of a JavaScript client, which prints what came of each of its steps."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from typing import Any, TypeAlias

from clients.node import SCRIPTS, node
from clients.serving import Api

Steps: TypeAlias = dict[str, dict[str, Any]]


def steps_of(script: str) -> list[str]:
    """The names of its steps, in their order."""
    return re.findall(r'^await step\("([^"]+)"', (SCRIPTS / script).read_text(), re.MULTILINE)


def run_session(script: str, api: Api, tokens: Mapping[str, str]) -> Steps:
    """What the session said of each of its steps, by name."""
    done = subprocess.run(
        [node(), script, api.origin],
        cwd=SCRIPTS,
        env={**os.environ, "TOKENS": json.dumps(tokens), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["step"]: line for line in lines}
