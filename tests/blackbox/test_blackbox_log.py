"""What the real process says about itself: health, and a log without anything that its callers would not have in it."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from blackbox.cinema_process import (
    ASLEEP,
    REST,
    Cinema,
    count,
    kill,
    request,
    slow_cinema_database,
    wait_until_asleep,
)
from cinema.app import SECRET
from cinema.setting import token
from serve.serve_process import Answer, eventually
from services.postgres import Postgres, launch

MARK = "Xyzzy"
"""In every value that must not be logged, and nowhere else."""

CLAIMS = {"sub": f"{MARK}-claim", "email": f"{MARK}@example.org"}
PASSWORD = f"{MARK}-password"


class Session:
    """A server's log after requests of every kind, and the status of each by its name."""

    def __init__(self, cinema: Cinema) -> None:
        self.cinema = cinema
        self.statuses: dict[str, int] = {}

    def ask(self, name: str, method: str, path: str, **rest: Any) -> Answer:
        answer = self.cinema.ask(method, path, **rest)
        self.statuses[name] = answer.status
        return answer

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.cinema.stderr.read_text().splitlines()]


@pytest.fixture(scope="module")
def session(breakable: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A session in which everything happens that the log could tell of; it has ended."""
    database = slow_cinema_database(breakable).replace("postgres:@", f"postgres:{PASSWORD}@")
    settings = {"cors_origins": "https://films.example"}
    limits = {"url_bytes_max": 2_000, "statement_ms_max": 1_000}
    home = tmp_path_factory.mktemp("log")
    with Cinema(home, database, "--log-requests", workers=2, settings=settings, limits=limits) as cinema:
        session = Session(cinema)
        _ask_all(session)
        _leave(session, breakable)
        _lose_the_database(session, breakable)
        assert cinema.stop() == 0
    return session


@pytest.fixture(scope="module")
def breakable() -> Iterator[Postgres]:
    server = launch()
    yield server
    server.stop()


def bearer(**claims: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {token('member', **{**CLAIMS, **claims})}"}


def _ask_all(session: Session) -> None:
    ask = session.ask
    ask("read", "GET", f"/films?title=eq.{MARK}&or=(title.eq.{MARK},year.gt.5)&select=id", headers={"Cookie": MARK})
    ask("a claim of another type", "GET", "/reviews", headers=bearer())
    ask("written", "POST", "/siestas", body=json.dumps({"ms": 0, "note": MARK}))
    ask("a key that is taken", "POST", "/tags", who="owner", body='{"id": 1, "label": "sea"}')
    ask("a bad value", "GET", f"/films?year=eq.{MARK}")
    ask("a bad filter", "GET", f"/films?title={MARK}")
    ask("a bad body", "POST", "/siestas", body="{" + MARK)
    ask("no such table", "GET", f"/nothing?id=eq.{MARK}")
    ask("no token", "GET", "/films", headers={"Authorization": f"Bearer {MARK}"})
    ask("a forged token", "GET", "/films", headers={"Authorization": "Bearer " + token("owner", secret=MARK * 8)})
    ask("an expired token", "GET", "/films", headers=bearer(exp=1))
    ask("another role", "GET", "/films", headers={"apikey": token("stranger", **CLAIMS)})
    ask("another scheme", "GET", "/films", headers={"Authorization": f"Basic {MARK}"})
    ask("too long", "GET", "/films?title=eq." + MARK * 500)
    ask("an error of the database", "POST", "/siestas", body=json.dumps({"ms": 0, "note": f"fail {MARK}"}))
    ask("too slow", "POST", "/siestas", body=json.dumps({"ms": 5_000, "note": MARK}))
    ask("another origin", "GET", "/films", headers={"Origin": f"https://{MARK}.example"})


def _leave(session: Session, server: Postgres) -> None:
    body = json.dumps({"ms": 900, "note": MARK})
    with session.cinema.connection(request("POST", f"{REST}/siestas", body=body)):
        wait_until_asleep(server, session.cinema.database)
    eventually(lambda: count(server, session.cinema.database, ASLEEP) == 0, "the statement to be cancelled")


def _lose_the_database(session: Session, server: Postgres) -> None:
    with ThreadPoolExecutor(1) as threads:
        body = json.dumps({"ms": 900, "note": MARK})
        cut = threads.submit(session.ask, "cut", "POST", "/siestas", body=body, headers=bearer())
        wait_until_asleep(server, session.cinema.database)
        kill(server)
        cut.result()
    session.ask("no database", "GET", f"/films?title=eq.{MARK}", headers=bearer())


def test_what_happened_in_the_session(session: Session) -> None:
    """Or the other tests would look for marks in the log of something else."""
    assert session.statuses == {
        "read": 200,
        "a claim of another type": 400,
        "written": 201,
        "a key that is taken": 409,
        "a bad value": 400,
        "a bad filter": 400,
        "a bad body": 400,
        "no such table": 404,
        "no token": 401,
        "a forged token": 401,
        "an expired token": 401,
        "another role": 404,
        "another scheme": 401,
        "too long": 414,
        "an error of the database": 500,
        "too slow": 504,
        "another origin": 200,
        "cut": 503,
        "no database": 503,
    }


def test_each_line_of_the_log_is_json_with_an_event_a_level_and_a_time(session: Session) -> None:
    assert all({"event", "level", "timestamp"} <= line.keys() for line in session.lines)


def test_each_request_has_a_line_that_says_what_was_asked_and_how_it_went(session: Session) -> None:
    lines = [line for line in session.lines if line["event"] == "request"]
    assert all({"method", "path", "parameters", "status", "ms", "role"} <= line.keys() for line in lines)
    assert all(line["ms"] > 0 for line in lines)
    statuses = sorted(line["status"] for line in lines)
    assert statuses == sorted([*session.statuses.values(), 499])  # and the client that went away
    (first,) = [line for line in lines if line["parameters"] == ["title", "or", "select"]]
    assert (first["method"], first["path"], first["status"]) == ("GET", f"{REST}/films", 200)
    assert first["role"] == "anonymous"


def test_the_log_says_the_role_of_a_token(session: Session) -> None:
    roles = {line["role"] for line in session.lines if line["event"] == "request" and line["path"] == f"{REST}/tags"}
    assert roles == {"owner"}


def test_no_value_claim_token_or_secret_is_in_the_log(session: Session) -> None:
    log = session.cinema.stderr.read_text()
    assert MARK not in log
    assert "eyJ" not in log  # what every token begins with
    assert SECRET not in log
    assert "fail" not in log.replace("request failed", "")


def test_nothing_in_the_log_tells_of_a_bug(session: Session) -> None:
    assert session.cinema.complaints() == []


def test_requests_are_not_logged_unless_asked_for(cinema_database: str, tmp_path: Path) -> None:
    with Cinema(tmp_path, cinema_database) as cinema:
        assert cinema.ask("GET", "/films").status == 200
        assert cinema.stop() == 0
        assert [line["event"] for line in cinema.log()] == ["started", "draining", "stopped"]


def test_health_says_whether_it_lives_and_whether_it_is_ready(cinema_database: str, tmp_path: Path) -> None:
    with Cinema(tmp_path, cinema_database) as cinema:
        live, ready = cinema.get("/health/live"), cinema.get("/health/ready")
        assert (live.status, live.body) == (200, b'{"status":"live"}')
        assert (ready.status, ready.body) == (200, b'{"status":"ready"}')
        for answer in (live, ready):
            assert answer.headers["content-type"] == "application/json"
            assert answer.headers["cache-control"] == "no-store"
        head = cinema.send(request("HEAD", "/health/ready"), "HEAD")
        assert (head.status, head.body) == (200, b"")
        assert cinema.send(request("POST", "/health/ready")).status == 405
        assert cinema.send(request("GET", "/health")).status == 404
