"""The cinema and the shop served by the real process, `mainstay serve`, for clients that know nothing of Mainstay."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from cinema import setting
from cinema.models import Base
from services.postgres import Postgres
from shop.setting import SCHEMAS, SECRET, create_shop

HERE = Path(__file__).parent
PATHS = [str(HERE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
PATIENCE_S = 60
"""For a machine with a lot else to do; nothing waits as long where all is well."""


class Api(msgspec.Struct, frozen=True):
    """`origin` is what supabase-js takes, `url` what the PostgREST clients take."""

    origin: str

    @property
    def url(self) -> str:
        return f"{self.origin}/rest/v1"


@contextlib.contextmanager
def serve_cinema(postgres: Postgres, home: Path, **environment: str) -> Iterator[Api]:
    """The cinema's app, whose rules are written in Python, on a new database with the cinema's rows."""
    database = postgres.create_database()
    asyncio.run(setting.set_up(database, [Base.metadata]))
    with serve(home, "served:app", MAINSTAY_DATABASE_URL=database, **environment) as served:
        yield served


@contextlib.contextmanager
def serve_shop(postgres: Postgres, home: Path) -> Iterator[Api]:
    """The shop's new database, by the command line alone: who may do what is up to the database."""
    options = ["--database", create_shop(postgres), "--schema", ",".join(SCHEMAS), "--anonymous-role", "anon"]
    with serve(home, *options, MAINSTAY_JWT_SECRET=SECRET) as served:
        yield served


@contextlib.contextmanager
def serve(home: Path, *arguments: str, **environment: str) -> Iterator[Api]:
    """`mainstay serve`, with one worker; `home` is for its log."""
    log = home / "log"
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAINSTAY_")}
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "mainstay", "serve", *arguments, "--port", "0", "--log-format", "json"],
            cwd=HERE,
            env={**own, "PYTHONPATH": os.pathsep.join(PATHS), **environment},
            stderr=stderr,
            stdin=subprocess.DEVNULL,
        )
    try:
        yield Api(_wait_for_url(process, log))
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for_url(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        lines = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
        for line in lines:
            if line["event"] == "started":
                return str(line["url"])
        time.sleep(0.02)
    raise AssertionError(f"mainstay serve did not start:\n{log.read_text()}")
