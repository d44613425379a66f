"""A PostgreSQL cluster with PostGIS and contrib, which the embedded server lacks: the system's own, for a session.

It lives in a fresh directory with a short path, listens on its socket alone, and is gone with the interpreter at the
latest. PostgreSQL refuses to run as root; where we are root, it runs as the system's user `postgres`, else `nobody`.
"""

import atexit
import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

INSTALLED = Path("/usr/lib/postgresql")
EXTENSIONS = Path("/usr/share/postgresql")
VERSION_MIN = 15
MISSING = (
    f"PostgreSQL {VERSION_MIN} or newer with PostGIS is needed in {INSTALLED}; "
    "on Debian 12: apt-get install postgresql-15 postgresql-15-postgis-3"
)
SETTINGS = """
listen_addresses = ''
shared_preload_libraries = 'pg_stat_statements'
autovacuum = off
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 200
"""


class Missing(Exception):
    """The system has no such PostgreSQL; the text says what to install."""


class Cluster:
    """A running server. `directory` holds its socket; roles are trusted."""

    def __init__(self, binaries: Path, directory: Path, server: "subprocess.Popen[bytes]") -> None:
        self.binaries = binaries
        self.directory = directory
        self.server = server

    def url(self, database: str, role: str = "postgres") -> str:
        return f"postgresql://{role}@/{database}?host={self.directory}"

    def run(self, *arguments: str, database: str = "postgres", environ: Mapping[str, str] | None = None) -> str:
        """What psql prints; an error is raised with what it said."""
        command = [str(self.binaries / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", *arguments, self.url(database)]
        done = subprocess.run(command, env=_environ(environ), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"psql failed: {done.stderr.strip()}")
        return done.stdout

    def stop(self) -> None:
        """Stop the server, however many are connected, and delete its directory; a second time does nothing."""
        if self.server.poll() is None:
            self.server.send_signal(signal.SIGINT)  # "fast": it breaks connections off
            try:
                self.server.wait(20)
            except subprocess.TimeoutExpired:
                self.server.send_signal(signal.SIGQUIT)
                self.server.wait(20)
        shutil.rmtree(self.directory, ignore_errors=True)


@contextlib.contextmanager
def cluster(locale: str | None = None) -> Iterator[Cluster]:
    """A new cluster, of no locale or of one such as en_US.utf8. Raises `Missing` for what the system does not have."""
    binaries = find_binaries()
    owner = _owner()
    directory = Path(tempfile.mkdtemp(prefix="ms-gis-"))
    if owner:
        os.chown(directory, pwd.getpwnam(owner["user"]).pw_uid, -1)
    directory.chmod(0o700 if not owner else 0o755)
    data = directory / "data"
    environ = None
    if locale is not None:
        environ = os.environ | {"LOCPATH": str(_made_locale(directory / "locale", locale))}
    named = ["--no-locale"] if locale is None else [f"--locale={locale}"]
    initdb = [binaries / "initdb", *named, "--encoding=UTF8", "--auth=trust", "--username=postgres", "--no-sync"]
    subprocess.run([*initdb, "-D", data], check=True, stdout=subprocess.DEVNULL, cwd=directory, env=environ, **owner)
    with (data / "postgresql.conf").open("a") as settings:
        settings.write(SETTINGS)
    running = _launch(binaries, data, directory, owner, environ)
    atexit.register(running.stop)
    try:
        yield running
    finally:
        running.stop()
        atexit.unregister(running.stop)


def find_binaries() -> Path:
    """Where the newest PostgreSQL that has PostGIS keeps its commands."""
    for home in sorted(INSTALLED.glob("[0-9]*"), key=lambda path: int(path.name), reverse=True):
        usable = int(home.name) >= VERSION_MIN and (home / "bin" / "initdb").exists()
        if usable and (EXTENSIONS / home.name / "extension" / "postgis.control").exists():
            return home / "bin"
    raise Missing(MISSING)


def _launch(
    binaries: Path, data: Path, directory: Path, owner: dict[str, Any], environ: Mapping[str, str] | None
) -> Cluster:
    """Start, and wait until it answers."""
    log = directory / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", directory],
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            cwd=directory,
            env=environ,
            start_new_session=True,  # so that Ctrl-C reaches us alone, and we stop it in order
            **owner,
        )
    running = Cluster(binaries, directory, server)
    ready = [binaries / "pg_isready", "-q", "-t", "1", "-h", directory]
    while subprocess.run(ready, check=False).returncode != 0:
        if server.poll() is not None:
            said = log.read_text(errors="replace")
            running.stop()
            raise RuntimeError(f"PostgreSQL did not start:\n{said}")
        time.sleep(0.02)
    return running


def _made_locale(directory: Path, locale: str) -> Path:
    """Compiled from its source, whatever locales the system has compiled."""
    name, _, _ = locale.partition(".")
    directory.mkdir()
    made = subprocess.run(
        ["localedef", "-i", name, "-f", "UTF-8", directory / locale], capture_output=True, text=True, check=False
    )
    if not (directory / locale).exists():
        raise Missing(f"the locale {locale} can't be made; on Debian: apt-get install locales\n{made.stderr}")
    return directory


def _owner() -> dict[str, Any]:
    """What makes a subprocess run as somebody else than root; nothing where we are not root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return {"user": name, "group": found.pw_gid, "extra_groups": []}
    raise Missing("PostgreSQL does not run as root, and the system has neither a user postgres nor nobody")


def _environ(additions: Mapping[str, str] | None) -> dict[str, str]:
    """Ours without what libpq would read, and with `additions`."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | dict(additions or {})
