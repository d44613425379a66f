"""Node with the JavaScript clients at hand."""

import shutil
from pathlib import Path

SCRIPTS = Path(__file__).parent / "postgrest-js"
CLIENTS = ("@supabase/postgrest-js", "@supabase/supabase-js")


def node(scripts: Path = SCRIPTS) -> str:
    """The command. Fails the test, never skips it, where the command or the clients are not there."""
    missing = [name for name in CLIENTS if not (scripts / "node_modules" / name / "package.json").is_file()]
    assert not missing, f"{' and '.join(missing)} are not installed; `make test` installs them"
    command = shutil.which("node")
    assert command is not None, "there is no node (20 or newer), which the tests of the JavaScript clients need"
    return command
