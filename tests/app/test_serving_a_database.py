"""`mainstay serve --database URL` without a line of Python, as a process."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from services.postgres import Postgres

pytestmark = pytest.mark.slow


@contextmanager
def served(url: str, *options: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mainstay", "serve", "--database", url, "--port", str(port), *options]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=dict(os.environ))
    try:
        base = f"http://127.0.0.1:{port}"
        for _ in range(200):
            try:
                if httpx.get(f"{base}/health/ready").status_code == 200:
                    break
            except httpx.TransportError:
                assert process.poll() is None, (process.stderr or sys.stderr).read()
            time.sleep(0.05)
        yield base
    finally:
        process.terminate()
        process.wait(15)


def test_a_database_is_served_by_one_command(postgres: Postgres) -> None:
    postgres.run("CREATE ROLE bare_anon")
    url = postgres.create_database(
        "CREATE SCHEMA api; CREATE TABLE api.films (id int PRIMARY KEY, title text); CREATE TABLE api.hidden (id int)",
        "INSERT INTO api.films VALUES (1, 'Alien'); GRANT USAGE ON SCHEMA api TO bare_anon",
        "GRANT SELECT ON api.films TO bare_anon",
    )
    with served(url, "--schema", "api", "--anonymous-role", "bare_anon") as base:
        assert httpx.get(f"{base}/rest/v1/films").json() == [{"id": 1, "title": "Alien"}]
        denied = httpx.get(f"{base}/rest/v1/hidden")
        assert (denied.status_code, denied.json()["code"]) == (401, "42501")
        paths = httpx.get(f"{base}/rest/v1/").json()["paths"]
        assert "/films" in paths
        assert "hidden" not in json.dumps(paths)


def test_without_an_app_and_a_database_there_is_nothing_to_serve() -> None:
    command = [sys.executable, "-m", "mainstay", "serve"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1
    assert "there is no database to serve" in done.stderr
