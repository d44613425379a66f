"""The real process while its database is killed, restarted, frozen, or never there: 503 soon, and back by itself."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from blackbox.cinema_process import (
    ASLEEP,
    Cinema,
    count,
    kill,
    problem,
    slow_cinema_database,
    terminate,
    timed,
    wait_until_asleep,
)
from serve.serve_process import Answer, eventually
from services.postgres import Postgres

PROMISED_S = 5.0
"""Within it a request is answered while the database is away, and well again once it is back."""

ASKS: dict[str, Callable[[Cinema], Answer]] = {
    "a read": lambda cinema: cinema.ask("GET", "/films?select=id,director(name)"),
    "another read": lambda cinema: cinema.ask("GET", "/actors?id=eq.1"),
    "a read under a policy": lambda cinema: cinema.ask("GET", "/reviews", who="anna"),
    "a count": lambda cinema: cinema.ask("GET", "/films?limit=1", headers={"Prefer": "count=exact"}),
    "a write": lambda cinema: cinema.ask("POST", "/siestas", body='{"ms": 0}'),
    "a plan": lambda cinema: cinema.ask(
        "GET", "/films", who="owner", headers={"Accept": "application/vnd.pgrst.plan+json"}
    ),
}
GOOD = {200, 201, 206}


class Told(msgspec.Struct):
    """What one of a stream of requests was told, how long that took, and when it was sent."""

    sent: float
    seconds: float
    answer: Answer


@contextlib.contextmanager
def stream(cinema: Cinema, told: list[Told]) -> Iterator[None]:
    """Requests of every kind, over and over, each kind by a client of its own."""
    going = True

    def ask_on(ask: Callable[[Cinema], Answer]) -> None:
        while going:
            sent = time.monotonic()
            seconds, answer = timed(lambda: ask(cinema))
            told.append(Told(sent, seconds, answer))
            time.sleep(0.02)

    with ThreadPoolExecutor(len(ASKS)) as threads:
        clients: list[Future[None]] = [threads.submit(ask_on, ask) for ask in ASKS.values()]
        try:
            yield
        finally:
            going = False
        for client in clients:
            client.result()


def restart(server: Postgres) -> None:
    server.server.ensure_postgres_running()


@contextlib.contextmanager
def frozen(server: Postgres) -> Iterator[None]:
    """All of PostgreSQL's processes stand still."""
    postmaster = psutil.Process(server.server.get_pid())
    processes = [postmaster, *postmaster.children(recursive=True)]
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        # Some may have been born since: none of a stopped postmaster.
        for process in processes:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGCONT)


def is_unavailable(answer: Answer) -> bool:
    """A 503 that says what it should."""
    assert answer.status == 503, answer
    assert problem(answer)["code"] in {"MS503", "MS504"}
    assert int(answer.headers["retry-after"]) >= 1
    return True


def recovers(cinema: Cinema) -> None:
    """Every kind of request is answered well again, within the time that is promised."""
    deadline = time.monotonic() + PROMISED_S
    for name, ask in ASKS.items():
        while (answer := ask(cinema)).status not in GOOD:
            assert time.monotonic() < deadline, f"{name} is still answered {answer}"
            time.sleep(0.02)
    for ask in ASKS.values():
        assert ask(cinema).status in GOOD
    assert cinema.get("/health/ready").status == 200


@pytest.mark.parametrize("workers", [1, 2])
def test_a_database_that_is_killed_and_started_again_costs_503s_and_nothing_else(
    workers: int, breakable: Postgres, tmp_path: Path
) -> None:
    database = slow_cinema_database(breakable)
    told: list[Told] = []
    with Cinema(tmp_path, database, workers=workers) as cinema:
        pids = [worker.pid for worker in cinema.workers()]
        assert count(breakable, database) == workers * 5
        with stream(cinema, told):
            time.sleep(0.3)
            kill(breakable)
            for _ in range(2 * workers):
                assert cinema.get("/health/live").status == 200
                seconds, ready = timed(lambda: cinema.get("/health/ready"))
                assert (ready.status, ready.json) == (503, {"status": "unavailable"})
                assert seconds < PROMISED_S
            for ask in ASKS.values():
                assert is_unavailable(ask(cinema))
            restart(breakable)
            recovers(cinema)
        assert [worker.pid for worker in cinema.workers()] == pids  # nothing was started anew
        _check(told)
        settles_at(breakable, database, workers * 5)
        assert cinema.stop() == 0
        assert cinema.complaints() == []


def _check(told: list[Told]) -> None:
    """Well, or 503, and soon: no other status, and nobody hung."""
    assert {each.answer.status for each in told} <= GOOD | {503}
    assert all(each.answer.status in GOOD or is_unavailable(each.answer) for each in told)
    assert any(each.answer.status == 503 for each in told)
    assert max(each.seconds for each in told) < PROMISED_S


def settles_at(server: Postgres, database: str, connections: int) -> None:
    eventually(lambda: count(server, database) == connections, f"{connections} connections")
    time.sleep(1.2)  # as long as a lane waits at most before it connects again
    assert count(server, database) == connections


@pytest.mark.parametrize("workers", [1, 2])
def test_a_database_that_stands_still_costs_503s_and_nothing_else(
    workers: int, breakable: Postgres, tmp_path: Path
) -> None:
    database = slow_cinema_database(breakable)
    told: list[Told] = []
    with Cinema(tmp_path, database, workers=workers) as cinema:
        with stream(cinema, told):
            time.sleep(0.3)
            with frozen(breakable):
                began = time.monotonic()
                while time.monotonic() - began < 9:
                    assert cinema.get("/health/live").status == 200
                    seconds, ready = timed(lambda: cinema.get("/health/ready"))
                    assert (ready.status, ready.json) == (503, {"status": "unavailable"})
                    assert seconds < PROMISED_S
                ended = time.monotonic()
            recovers(cinema)
        _check(told)
        meanwhile = [each for each in told if began < each.sent and each.sent + each.seconds < ended]
        assert len(meanwhile) >= len(ASKS)
        assert {each.answer.status for each in meanwhile} == {503}
        settles_at(breakable, database, workers * 5)
        assert cinema.stop() == 0
        assert cinema.complaints() == []


def test_clients_that_go_away_while_the_database_stands_still_leave_nothing_behind(
    breakable: Postgres, tmp_path: Path
) -> None:
    """To cancel a statement takes a connection, which nobody answers now either."""
    database = slow_cinema_database(breakable)
    with Cinema(tmp_path, database) as cinema:
        with frozen(breakable):
            for n in range(8):
                path = f"/rest/v1/films?id=eq.{n}" if n % 2 else f"/rest/v1/actors?select=a{n}:id"
                with cinema.connection(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()):
                    time.sleep(0.2)  # long enough to be seen by what looks for clients that have gone
            seconds, answer = timed(lambda: cinema.ask("GET", "/films"))
            assert is_unavailable(answer)
            assert seconds < PROMISED_S
        recovers(cinema)
        settles_at(breakable, database, 5)
        assert cinema.complaints() == []


def test_it_drains_while_the_database_stands_still(breakable: Postgres, tmp_path: Path) -> None:
    database = slow_cinema_database(breakable)
    with Cinema(tmp_path, database, limits={"drain_ms_max": 2_000}) as cinema, ThreadPoolExecutor(3) as threads:
        with frozen(breakable):
            lost = [threads.submit(ask, cinema) for ask in ASKS.values()][:3]
            time.sleep(0.3)
            seconds, code = timed(cinema.stop)
            assert all(is_unavailable(each.result()) for each in lost)
        assert (code, seconds < PROMISED_S) == (0, True)
    eventually(lambda: count(breakable, database) == 0, "its connections to be closed")


def test_connections_that_the_database_ends_are_made_again_unnoticed(
    cinema_database: str, postgres: Postgres, tmp_path: Path
) -> None:
    with Cinema(tmp_path, cinema_database) as cinema, ThreadPoolExecutor(2) as threads:
        reading = threads.submit(cinema.ask, "GET", "/naps?ms=eq.700")
        wait_until_asleep(postgres, cinema_database)
        writing = threads.submit(cinema.ask, "POST", "/siestas", body='{"ms": 700, "note": "cut"}')
        wait_until_asleep(postgres, cinema_database, 2)
        terminate(postgres, cinema_database, ASLEEP)
        assert reading.result().status == 200  # asked once more
        assert is_unavailable(writing.result())  # whether it was written can't be known: never asked again
        recovers(cinema)
        assert cinema.rows("/siestas?note=eq.cut") == []
        settles_at(postgres, cinema_database, 5)


def test_a_database_that_takes_no_more_connections_is_no_end(breakable: Postgres, tmp_path: Path) -> None:
    database = slow_cinema_database(breakable)
    name = database.partition("?")[0].rpartition("/")[2]
    with Cinema(tmp_path, database) as cinema:
        breakable.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        terminate(breakable, database)
        eventually(lambda: cinema.get("/health/ready").status == 503, "readiness to fail")
        seconds, answer = timed(lambda: cinema.ask("GET", "/films"))
        assert is_unavailable(answer)
        assert seconds < PROMISED_S
        breakable.run(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        recovers(cinema)
        settles_at(breakable, database, 5)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    "database",
    ["postgresql://nobody:S3cr3t@127.0.0.1:1/nothing", "postgresql://nobody:S3cr3t@/nothing?host=/nowhere"],
    ids=["TCP", "a socket"],
)
def test_without_a_database_it_does_not_start_and_says_so_in_one_line(
    database: str, workers: int, tmp_path: Path
) -> None:
    cinema = Cinema(tmp_path, database, workers=workers)
    assert cinema.wait() == 1
    line = cinema.stderr.read_text()
    assert line == "mainstay: The database can't be reached (hint: Try again in a moment)\n"


def test_without_the_database_it_asks_for_it_does_not_start_and_says_so(postgres: Postgres, tmp_path: Path) -> None:
    cinema = Cinema(tmp_path, postgres.url("no_such_database"))
    assert cinema.wait() == 1
    assert cinema.stderr.read_text() == 'mainstay: database "no_such_database" does not exist\n'


def test_a_worker_that_dies_while_the_database_is_away_leaves_the_other(breakable: Postgres, tmp_path: Path) -> None:
    database = slow_cinema_database(breakable)
    with Cinema(tmp_path, database, workers=2) as cinema:
        kill(breakable)
        os.kill(cinema.workers()[0].pid, signal.SIGKILL)
        cinema.wait_for_log("worker could not start")
        restart(breakable)
        eventually(lambda: count(breakable, database) == 10, "both workers' connections")
        recovers(cinema)
        assert cinema.stop() == 0


def test_asleep_finds_what_is_asleep_alone(cinema_database: str, postgres: Postgres, tmp_path: Any) -> None:
    """The measure that the other tests rely on."""
    with Cinema(tmp_path, cinema_database) as cinema:
        assert cinema.ask("GET", "/naps?ms=eq.0").status == 200
        assert count(postgres, cinema_database, ASLEEP) == 0
