"""The real process told to stop, and its workers killed, while the database is at work for it."""

import http.client
import os
import signal
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from blackbox.cinema_process import (
    ASLEEP,
    REST,
    Cinema,
    count,
    request,
    terminate,
    timed,
    wait_until_asleep,
)
from serve.serve_process import Answer, Server, eventually, is_closed, read_answer
from services.postgres import Postgres

NAP = "/naps?ms=eq.1500"


def readiness(server: Server) -> int:
    """The status that a load balancer sees; 0 where it is not let in any more."""
    try:
        return server.get("/health/ready").status
    except (OSError, http.client.HTTPException):
        return 0


def naps(threads: ThreadPoolExecutor, cinema: Cinema, postgres: Postgres) -> "list[Future[Answer]]":
    """Two reads and a write that the database is at work on."""
    writing = threads.submit(cinema.ask, "POST", "/siestas", body='{"ms": 1500}')
    reading = [threads.submit(cinema.ask, "GET", NAP)]
    wait_until_asleep(postgres, cinema.database, 2)  # the next one would otherwise share its statement
    reading.append(threads.submit(cinema.ask, "GET", f"{NAP}&select=ms"))
    wait_until_asleep(postgres, cinema.database, 3)
    return [*reading, writing]


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_fails_readiness_first_answers_all_in_flight_and_then_ends(
    workers: int, cinema_database: str, postgres: Postgres, tmp_path: Path
) -> None:
    before = count(postgres, cinema_database)
    with Cinema(tmp_path, cinema_database, workers=workers) as cinema, ThreadPoolExecutor(4) as threads:
        in_flight = naps(threads, cinema, postgres)
        assert readiness(cinema) == 200
        cinema.signal(signal.SIGTERM)
        seen = [readiness(cinema)]
        while seen[-1]:
            seen.append(readiness(cinema))
        assert 503 in seen  # it was told before the door was shut
        assert [status for status in seen if status != 200] == seen[seen.index(503) :]  # and never ready again
        assert [answer.result().status for answer in in_flight] == [200, 200, 201]
        assert cinema.wait() == 0
        assert cinema.complaints() == []
        with pytest.raises(ConnectionRefusedError):
            cinema.connect()
    eventually(lambda: count(postgres, cinema_database) == before, "its connections to be closed")


def test_requests_that_come_while_readiness_fails_are_answered(cinema_database: str, tmp_path: Path) -> None:
    """A load balancer needs a moment to notice."""
    with Cinema(tmp_path, cinema_database) as cinema:
        cinema.signal(signal.SIGTERM)
        cinema.wait_for_log("draining")
        assert cinema.ask("GET", "/films").status == 200
        assert cinema.wait() == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_ends_an_idle_server_promptly(workers: int, cinema_database: str, tmp_path: Path) -> None:
    with Cinema(tmp_path, cinema_database, workers=workers) as cinema:
        with cinema.connection(request("GET", f"{REST}/films", headers={"Connection": "keep-alive"})) as idle:
            assert read_answer(idle).status == 200
            seconds, code = timed(cinema.stop)
            assert is_closed(idle)
        assert code == 0
        assert seconds < 5  # half of the drain time
        assert [line["event"] for line in cinema.log()] == ["started", "draining", "stopped"]


def test_a_second_signal_does_not_wait_for_what_is_in_flight(
    cinema_database: str, postgres: Postgres, tmp_path: Path
) -> None:
    limits = {"statement_ms_max": 20_000}
    with Cinema(tmp_path, cinema_database, workers=2, limits=limits) as cinema:
        workers = cinema.workers()
        with cinema.connection(request("GET", f"{REST}/naps?ms=eq.10000")):
            wait_until_asleep(postgres, cinema_database)
            cinema.signal(signal.SIGTERM)
            cinema.wait_for_log("draining")
            cinema.signal(signal.SIGTERM)
            seconds, code = timed(cinema.wait)
        assert (code, seconds < 5) == (1, True)
        assert not any(worker.is_running() for worker in workers)
    terminate(postgres, cinema_database)


def test_a_worker_that_is_killed_is_replaced_while_the_other_goes_on(
    cinema_database: str, postgres: Postgres, tmp_path: Path
) -> None:
    with Cinema(tmp_path, cinema_database, workers=2) as cinema:
        connections = count(postgres, cinema_database)
        killed, other = cinema.workers()
        # Connections of the other one, which the killing must not touch: those that still answer afterwards.
        kept = [cinema.connect() for _ in range(12)]
        ask = request("GET", f"{REST}/films", headers={"Connection": "keep-alive"})
        for connection in kept:
            connection.sendall(ask)
            assert read_answer(connection).status == 200
        os.kill(killed.pid, signal.SIGKILL)
        cinema.wait_for_log("worker exited")
        alive = [connection for connection in kept if _answers(connection, ask)]
        assert 0 < len(alive) < len(kept)
        for connection in kept:
            connection.close()

        eventually(lambda: len(_running(cinema)) == 2, "two workers again")
        assert other in _running(cinema)
        assert {cinema.ask("GET", "/films").status for _ in range(20)} == {200}
        eventually(lambda: count(postgres, cinema_database) == connections, "as many connections as before")
        assert cinema.stop() == 0


def _running(cinema: Cinema) -> list[psutil.Process]:
    return [worker for worker in cinema.workers() if worker.status() != psutil.STATUS_ZOMBIE]


def _answers(connection: "object", ask: bytes) -> bool:
    try:
        connection.sendall(ask)  # type: ignore[attr-defined]
        return read_answer(connection).status == 200  # type: ignore[arg-type]
    except (OSError, http.client.HTTPException):
        return False


def test_a_lone_worker_that_is_killed_in_the_midst_of_requests_is_replaced(
    cinema_database: str, postgres: Postgres, tmp_path: Path
) -> None:
    with Cinema(tmp_path, cinema_database) as cinema, ThreadPoolExecutor(4) as threads:
        connections = count(postgres, cinema_database)
        in_flight = naps(threads, cinema, postgres)
        os.kill(cinema.workers()[0].pid, signal.SIGKILL)
        assert all(isinstance(lost.exception(), OSError | http.client.HTTPException) for lost in in_flight)
        assert cinema.ask("GET", "/films").status == 200  # waits at the door for the new worker
        eventually(lambda: count(postgres, cinema_database) == connections, "as many connections as before")
        assert cinema.stop() == 0


def test_a_unix_socket_is_served_and_gone_afterwards(cinema_database: str, tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with Cinema(tmp_path, cinema_database, "--uds", str(path), workers=2) as cinema:
        assert cinema.url == f"unix:{path}"
        assert [film["id"] for film in cinema.rows("/films?select=id&order=id")] == [1, 2, 3, 5]
        assert cinema.stop() == 0
    assert not path.exists()


def test_a_client_that_goes_away_takes_its_statement_with_it(
    cinema_database: str, postgres: Postgres, tmp_path: Path
) -> None:
    limits = {"statement_ms_max": 60_000}
    asks = [
        request("GET", f"{REST}/naps?ms=eq.50000"),
        request("POST", f"{REST}/siestas", body='{"ms": 50000, "note": "never written"}'),
    ]
    with Cinema(tmp_path, cinema_database, limits=limits) as cinema:
        for ask in asks:
            with cinema.connection(ask):
                wait_until_asleep(postgres, cinema_database)
            seconds, _ = timed(lambda: eventually(lambda: count(postgres, cinema_database, ASLEEP) == 0, "its end"))
            assert seconds < 5  # of fifty
        assert cinema.rows("/siestas?note=eq.never%20written") == []
        assert cinema.complaints() == []


def test_more_clients_than_lanes_that_go_away_leave_every_lane_free(
    cinema_database: str, postgres: Postgres, tmp_path: Path
) -> None:
    limits = {"statement_ms_max": 60_000}
    with Cinema(tmp_path, cinema_database, limits=limits) as cinema:
        asks = [request("GET", f"{REST}/naps?ms=eq.{50_000 + 50 * n}&select=ms,a{n}:ms") for n in range(9)]
        connections = [cinema.connect() for _ in asks]
        for connection, ask in zip(connections, asks, strict=True):
            connection.sendall(ask)
        wait_until_asleep(postgres, cinema_database, 3)
        for connection in connections:
            connection.close()
        eventually(lambda: count(postgres, cinema_database, ASLEEP) == 0, "the statements to be cancelled")
        with ThreadPoolExecutor(3) as threads:
            answers = list(threads.map(lambda n: cinema.ask("GET", f"/naps?ms=eq.300&select=b{n}:ms"), range(3)))
        assert [answer.status for answer in answers] == [200] * 3
        assert count(postgres, cinema_database) == 5
