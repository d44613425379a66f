"""The real process killed while the database is at work on a nested write: all of it is there, or nothing."""

import contextlib
import http.client
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from blackbox.cinema_process import ASLEEP, Cinema, count, terminate, wait_until_asleep
from serve.serve_process import Answer, eventually
from services.postgres import Postgres

NOTES = 3


def nested(note: str, *, siesta_ms: int = 0, dream_ms: int = 0) -> str:
    dreams = [{"ms": dream_ms, "note": note} for _ in range(NOTES)]
    return json.dumps({"ms": siesta_ms, "note": note, "dreams": dreams})


def rows(postgres: Postgres, database: str, note: str) -> tuple[int, int]:
    """How many siestas and how many dreams have the note."""
    tables = ("siestas", "dreams")
    siestas, dreams = (
        int(postgres.run(f"SELECT count(*) FROM {table} WHERE note = '{note}'", url=database)) for table in tables
    )
    return siestas, dreams


def all_killed(cinema: Cinema, postgres: Postgres) -> None:
    """`kill -9` of the server and its workers."""
    workers = cinema.workers()
    cinema.process.kill()
    cinema.process.wait()
    for worker in workers:
        worker.kill()


def worker_killed(cinema: Cinema, postgres: Postgres) -> None:
    for worker in cinema.workers():
        worker.kill()


def connection_ended(cinema: Cinema, postgres: Postgres) -> None:
    terminate(postgres, cinema.database, ASLEEP)


@pytest.mark.parametrize("slow", ["siesta_ms", "dream_ms"])
@pytest.mark.parametrize("end", [all_killed, worker_killed, connection_ended])
def test_a_write_that_is_cut_off_leaves_nothing_at_any_level(
    end: Callable[[Cinema, Postgres], None], slow: str, cinema_database: str, postgres: Postgres, tmp_path: Path
) -> None:
    note = f"{end.__name__} {slow}"
    with Cinema(tmp_path, cinema_database) as cinema, ThreadPoolExecutor(1) as threads:
        asking = threads.submit(ask, cinema, nested(note, **{slow: 500}))
        wait_until_asleep(postgres, cinema_database)
        end(cinema, postgres)
        answer = asking.result()
        assert answer is None or answer.status == 503, answer
    eventually(lambda: count(postgres, cinema_database, ASLEEP) == 0, "the database to notice")
    assert rows(postgres, cinema_database, note) == (0, 0)


def test_at_whatever_moment_the_server_is_killed_a_write_is_whole_or_not_there(
    cinema_database: str, postgres: Postgres, tmp_path: Path
) -> None:
    whole = 0
    for first in (0, 2, 4):  # a server whose workers were killed more than five times in a row gives up
        with Cinema(tmp_path / str(first), cinema_database, workers=2) as cinema, ThreadPoolExecutor(4) as threads:
            for turn in (first, first + 1):
                notes = [f"turn {turn} {number}" for number in range(24)]
                asking = [threads.submit(ask, cinema, nested(note, dream_ms=turn)) for note in notes]
                asking[turn * 3].result()
                worker_killed(cinema, postgres)
                answers = [each.result() for each in asking]
                eventually(partial(answers_again, cinema), "workers again")
                eventually(lambda: count(postgres, cinema_database, ASLEEP) == 0, "the database to notice")
                for note, answer in zip(notes, answers, strict=True):
                    found = rows(postgres, cinema_database, note)
                    assert found in {(0, 0), (1, NOTES)}, note
                    assert answer is None or answer.status != 201 or found == (1, NOTES), note
                    whole += found == (1, NOTES)
    assert whole > 0


def ask(cinema: Cinema, body: str) -> Answer | None:
    """None where the connection ends without an answer."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        return cinema.ask("POST", "/siestas", body=body)
    return None


def answers_again(cinema: Cinema) -> bool:
    with contextlib.suppress(OSError, http.client.HTTPException):
        return len(cinema.workers()) == 2 and cinema.ask("GET", "/siestas?limit=1").status == 200
    return False
