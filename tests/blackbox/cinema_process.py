"""`mainstay serve` with the cinema on a real database, as a process of its own, and ways to ask it and its database."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import psutil

from blackbox.slow_cinema import SCHEMA
from cinema import setting
from cinema.models import Base
from cinema.setting import TOKENS
from mainstay.sql.ledger import LEDGER
from serve.serve_process import Answer, Server, eventually
from services.postgres import Postgres

T = TypeVar("T")

HERE = Path(__file__).parent
TESTS = HERE.parent
REST = "/rest/v1"
LANES = {"MAINSTAY_LANES_READ": "3", "MAINSTAY_LANES_WRITE": "2"}
ASLEEP = "state = 'active' AND query LIKE '%naps%' OR state = 'active' AND query LIKE '%siestas%'"


class Cinema(Server):
    """A server process with five connections a worker. `settings` become variables of its environment."""

    def __init__(
        self,
        home: Path,
        database: str,
        *options: str,
        workers: int = 1,
        limits: Mapping[str, int] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        home.mkdir(exist_ok=True)
        self.database = database
        self.workers_count = workers
        self.stderr = home / "stderr"
        self.url = ""
        command = [sys.executable, "-m", "mainstay", "serve", "slow_cinema:app", "--workers", str(workers)]
        if "--uds" not in options:
            command += ["--port", "0"]
        with self.stderr.open("w") as stderr:
            self.process = subprocess.Popen(
                [*command, "--log-format", "json", *options],
                cwd=HERE,
                env=_environment(database, limits or {}, settings or {}),
                stdin=subprocess.DEVNULL,
                stderr=stderr,
                start_new_session=True,
            )

    def ask(
        self,
        method: str,
        path: str,
        *,
        who: str | None = None,
        body: bytes | str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to a request for `path` below the prefix, on a connection of its own."""
        return self.send(request(method, REST + path, who=who, body=body, headers=headers), method)

    def rows(self, path: str, who: str | None = None) -> Any:
        answer = self.ask("GET", path, who=who)
        assert answer.status == 200, answer
        return answer.json

    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children()

    def stop(self) -> int:
        """The exit code after SIGTERM."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def complaints(self) -> list[str]:
        """Lines of the log that tell of a bug, or are no JSON."""
        lines = self.stderr.read_text().splitlines()
        return [line for line in lines if not line.startswith("{") or "raceback" in line or "request failed" in line]


def request(
    method: str,
    target: str,
    *,
    who: str | None = None,
    body: bytes | str | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """A request as it goes over the wire; the connection ends with its answer."""
    lines = {"Host": "cinema.test", "Connection": "close"} | dict(headers or {})
    if who is not None:
        lines["Authorization"] = f"Bearer {TOKENS[who]}"
    content = body.encode() if isinstance(body, str) else body
    if content is not None:
        lines = {"Content-Type": "application/json", "Content-Length": str(len(content))} | lines
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return head.encode() + b"\r\n" + (content or b"")


def _environment(database: str, limits: Mapping[str, int], settings: Mapping[str, Any]) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAINSTAY_")}
    bounds = {f"MAINSTAY_LIMITS_{name.upper()}": str(value) for name, value in limits.items()}
    rest = {f"MAINSTAY_{name.upper()}": str(value) for name, value in settings.items()}
    path = os.pathsep.join(filter(None, (str(TESTS), own.get("PYTHONPATH"))))
    return own | LANES | {"PYTHONPATH": path, "MAINSTAY_DATABASE_URL": database} | bounds | rest


def slow_cinema_database(postgres: Postgres) -> str:
    """A new database with the cinema's rows and the tables that take their time."""
    url = postgres.create_database(*SCHEMA)
    asyncio.run(setting.set_up(url, [Base.metadata, LEDGER]))
    return url


def count(postgres: Postgres, database: str, which: str = "true") -> int:
    """The server's connections to the database for which `which` holds, as PostgreSQL sees them."""
    return int(postgres.run(f"SELECT count(*) {_connections(database)} AND ({which})"))


def terminate(postgres: Postgres, database: str, which: str = "true") -> None:
    """End the server's connections to the database for which `which` holds, from the database's side."""
    postgres.run(f"SELECT pg_terminate_backend(pid) {_connections(database)} AND ({which})")


def kill(server: Postgres) -> None:
    """As `pg_ctl stop -m immediate` does."""
    postmaster = psutil.Process(server.server.get_pid())
    postmaster.send_signal(signal.SIGQUIT)
    with contextlib.suppress(psutil.TimeoutExpired):
        postmaster.wait(10)


def _connections(database: str) -> str:
    return f"FROM pg_stat_activity WHERE application_name = 'mainstay' AND datname = '{database_name(database)}'"


def database_name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def wait_until_asleep(postgres: Postgres, database: str, number: int = 1) -> None:
    eventually(lambda: count(postgres, database, ASLEEP) >= number, f"{number} statements to be running")


def timed(ask: Callable[[], T]) -> tuple[float, T]:
    """how many seconds it took, and what came of it."""
    started = time.monotonic()
    answer = ask()
    return time.monotonic() - started, answer


def together(asks: list[Callable[[], Answer]]) -> list[Answer]:
    """The answers to what is asked all at once."""
    with ThreadPoolExecutor(len(asks)) as threads:
        return list(threads.map(lambda ask: ask(), asks))


def problem(answer: Answer) -> dict[str, Any]:
    """The problem in an answer's body; whatever else it is fails the test."""
    assert answer.headers["content-type"].startswith("application/json"), answer
    body = json.loads(answer.body)
    assert set(body) == {"code", "message", "details", "hint"}, answer
    return dict(body)
