"""A session of a JavaScript client, which prints what came of each of its steps."""

import json
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from clients.node import SCRIPTS, node
from clients.serving import Api

Steps: TypeAlias = dict[str, dict[str, Any]]


def steps_of(script: str, scripts: Path = SCRIPTS) -> list[str]:
    """The names of its steps, in their order."""
    return re.findall(r'^await step\("([^"]+)"', (scripts / script).read_text(), re.MULTILINE)


def run_session(script: str, api: Api, tokens: Mapping[str, str], scripts: Path = SCRIPTS) -> Steps:
    """What the session said of each of its steps, by name. `scripts` is the folder with its clients."""
    done = subprocess.run(
        [node(scripts), script, api.origin],
        cwd=scripts,
        env={**os.environ, "TOKENS": json.dumps(tokens), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line["step"]: line for line in lines}
