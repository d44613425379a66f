"""A real server process for the tests, and ways to talk to it that no well-behaved client has."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import msgspec

HERE = Path(__file__).parent
PATIENCE_S = 20.0
SCRIPT = """
import json, resource, sys
from pathlib import Path
from mainstay.core.limits import Limits
from mainstay.observe.log import LogFormat
from mainstay.serve import server, supervisor
options = json.loads(sys.argv[1])
files = options.pop("files", None)
if files is not None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
supervisor.BACKOFF_S = tuple(options.pop("backoff", supervisor.BACKOFF_S))
for name, make in {"limits": lambda v: Limits(**v), "uds": Path, "log_format": LogFormat}.items():
    if options.get(name) is not None:
        options[name] = make(options[name])
sys.exit(server.run(**options))
"""


class Server:
    """A server process. `home` is where it keeps journal and stderr. The option `files`: how many it may open."""

    def __init__(self, home: Path, environment: dict[str, str] | None = None, **options: Any) -> None:
        self.journal = home / "journal"
        self.stderr = home / "stderr"
        options = {"target": "fake_app:app", "port": 0, "log_format": "json", "drain_grace_ms": 0, **options}
        with self.stderr.open("w") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SCRIPT, json.dumps(options)],
                cwd=HERE,
                env={**os.environ, "FAKE_JOURNAL": str(self.journal), **(environment or {})},
                stderr=stderr,
                start_new_session=True,
            )
        self.url = ""

    def __enter__(self) -> "Server":
        self.url = eventually(self._started_url, "the server to start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def _started_url(self) -> str | None:
        if self.process.poll() is not None:
            raise AssertionError(f"the server ended: {self.stderr.read_text()}")
        return next((line["url"] for line in self.log() if line["event"] == "started"), None)

    def log(self) -> list[dict[str, Any]]:
        """The log lines so far; those that are not JSON fail the test."""
        return [json.loads(line) for line in self.stderr.read_text().splitlines() if line.endswith("}")]

    def wait_for_log(self, event: str) -> dict[str, Any]:
        return eventually(lambda: next((line for line in self.log() if line["event"] == event), None), event)

    def wait_for_journal(self, line: str, count: int = 1) -> None:
        def seen() -> bool:
            return self.journal.exists() and self.journal.read_text().splitlines().count(line) >= count

        eventually(seen, f"{count} times {line!r} in the journal")

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        """The exit code, once it has ended; a server that does not end is killed, and fails the test."""
        try:
            return self.process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise

    def connect(self) -> socket.socket:
        if self.url.startswith("unix:"):
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(self.url.removeprefix("unix:"))
        else:
            parts = urlsplit(self.url)
            connection = socket.create_connection((parts.hostname, parts.port))
        connection.settimeout(PATIENCE_S)
        return connection

    @contextlib.contextmanager
    def connection(self, *parts: bytes) -> Iterator[socket.socket]:
        """A connection over which `parts` have been sent."""
        with self.connect() as connection:
            for part in parts:
                connection.sendall(part)
            yield connection

    def get(self, path: str) -> "Answer":
        return self.send(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())

    def send(self, request: bytes, method: str = "GET") -> "Answer":
        with self.connection(request) as connection:
            return read_answer(connection, method)


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The problem's code."""
        return str(self.json["code"])


def read_answer(connection: socket.socket, method: str = "GET") -> Answer:
    """The next answer on a connection, by whoever reads no further than its end."""
    response = http.client.HTTPResponse(connection, method=method)
    response.fp = _Unbuffered(connection)  # type: ignore[assignment]  # or it would read into the next answer
    response.begin()
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())


def is_closed(connection: socket.socket) -> bool:
    """Whether the server closed it, once everything that it sent has been read."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def eventually(look: Callable[[], Any], what: str) -> Any:
    """What `look` returns, as soon as that is something."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited in vain for {what}")


class _Unbuffered:
    """A socket as the file that `http.client` reads from, a byte at a time for lines."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection

    def readline(self, limit: int = -1) -> bytes:
        line = bytearray()
        while not line.endswith(b"\n"):
            byte = self.connection.recv(1)
            if not byte:
                break
            line += byte
        return bytes(line)

    def read(self, amount: int = -1) -> bytes:
        body = bytearray()
        while amount < 0 or len(body) < amount:
            chunk = self.connection.recv(65_536 if amount < 0 else amount - len(body))
            if not chunk:
                break
            body += chunk
        return bytes(body)

    def flush(self) -> None: ...

    def close(self) -> None: ...
