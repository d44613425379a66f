"""`mainstay serve --database URL` without a line of Python, as a process."""

import json
import signal
import subprocess
import sys
import time

import httpx
import psutil
import pytest

from serve.serve_database import served
from services.postgres import Postgres

pytestmark = pytest.mark.slow


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


def test_sighup_serves_what_is_there_now_and_drops_no_request(postgres: Postgres) -> None:
    postgres.run("CREATE ROLE hup_anon")
    url = postgres.create_database(
        "CREATE TABLE films (id int); GRANT SELECT ON films TO hup_anon",
        "CREATE SCHEMA api; CREATE VIEW api.counted AS SELECT count(*) FROM public.films",
        "GRANT USAGE ON SCHEMA api TO hup_anon; GRANT SELECT ON api.counted TO hup_anon",
    )
    statuses: set[int] = set()
    with served(url, "--schema", "public,api", "--anonymous-role", "hup_anon") as base:
        assert httpx.get(f"{base}/rest/v1/films?select=title").status_code == 400
        postgres.run("ALTER TABLE films ADD COLUMN title text", url=url)
        [supervisor] = [each for each in psutil.Process().children() if url in each.cmdline()]
        supervisor.send_signal(signal.SIGHUP)
        for _ in range(200):
            statuses.add(httpx.get(f"{base}/rest/v1/films").status_code)
            if httpx.get(f"{base}/rest/v1/films?select=title").status_code == 200:
                break
            time.sleep(0.05)
        else:
            raise AssertionError("the new column was never served")
        other = httpx.get(f"{base}/rest/v1/counted", headers={"Accept-Profile": "api"})
        assert other.json() == [{"count": 0}]
    assert statuses == {200}


def test_without_an_app_and_a_database_there_is_nothing_to_serve() -> None:
    command = [sys.executable, "-m", "mainstay", "serve"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 1
    assert "there is no database to serve" in done.stderr
