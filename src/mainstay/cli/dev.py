"""`mainstay dev`: the app on a PostgreSQL of its own, anew at every change.

This process keeps PostgreSQL and watches files, and never imports the team's code: `develop` does that in a process
of its own, so that a change starts from nothing and a broken file breaks nothing else.
"""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

STOP_S_MAX = 5
"""How long a server may take to stop before it is killed."""
DRAIN_MS = "1000"
"""Nobody wants to wait for an old request after saving a file."""


def dev(
    app: str = "app.py",
    /,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    data: Path = Path(".mainstay"),
    database: str | None = None,
) -> None:
    """Run an app for development: embedded PostgreSQL, missing tables and columns created, reload on change.

    Parameters
    ----------
    app
        Where the app is: a file, or module:attribute.
    host
        The address to listen on.
    port
        The port to listen on.
    data
        Where the embedded PostgreSQL and the development secret are kept.
    database
        Another database to use instead of the embedded one.
    """
    from mainstay.cli import embedded
    from mainstay.cli.hosting import announce
    from mainstay.cli.loading import find_target
    from mainstay.cli.tokens import development_secret
    from mainstay.serve.listen import listen

    target = find_target(app)
    listen(host, port, 1).close()  # better to hear that the port is taken now than after every change
    postgres = None
    url = database or os.environ.get("MAINSTAY_DATABASE_URL")
    try:
        if url is None:
            postgres = embedded.start(data)
        changes = {"dev": True, **({"database_url": database} if database else {})}
        fallbacks = {"database_url": postgres.url if postgres else url, "jwt_secret": development_secret(data)}
        environment = {
            "MAINSTAY_LIMITS_DRAIN_MS_MAX": DRAIN_MS,
            **os.environ,
            **announce(target, changes, fallbacks),
        }
        supervise([sys.executable, "-m", "mainstay.cli.develop", host, str(port)], environment, target.directory)
    finally:
        if postgres is not None:
            postgres.stop()


def supervise(command: list[str], environment: dict[str, str], root: Path) -> None:
    """Keep the command running, anew after each change under `root`, until this process is asked to stop."""
    from mainstay.cli.watch import changes

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.set())
    child = _spawn(command, environment, first=True)
    waiting = False
    try:
        for changed in changes(root, stop):
            if changed:
                names = ", ".join(sorted({_short(path) for path in changed}))
                print(f"Changed: {names}", flush=True)
                _end(child)
                child = _spawn(command, environment, first=waiting)
                waiting = False
            elif child.poll() is not None and not waiting:
                waiting = True
                print("Waiting for a change ...", flush=True)
    finally:
        _end(child)


def _spawn(command: list[str], environment: dict[str, str], *, first: bool) -> "subprocess.Popen[bytes]":
    # In a group of its own: Ctrl-C reaches this process alone, which then ends things in order.
    return subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command, env={**environment, "_MAINSTAY_GREETS": "1" if first else ""}, start_new_session=True
    )


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Stop the server and all of its processes."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
