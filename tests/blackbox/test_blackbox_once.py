"""Requests with an Idempotency-Key against the real process, which is killed at any time: each has one effect."""

import asyncio
import contextlib
import json
import signal
import threading
import time
from pathlib import Path

import asyncpg
import psutil
import pytest

from blackbox.cinema_process import Cinema, together
from mainstay.evolve.sync import create_missing
from mainstay.sql.ledger import LEDGER
from serve.serve_process import Answer, eventually

SLEEP_MS = 400


@pytest.fixture(scope="module")
def recorded(cinema_database: str) -> str:
    async def create() -> None:
        connection = await asyncpg.connect(cinema_database)
        await create_missing(connection, [LEDGER])
        await connection.close()

    asyncio.run(create())
    return cinema_database


def post(cinema: Cinema, key: str, ms: int = SLEEP_MS) -> Answer:
    body = json.dumps({"ms": ms, "note": key})
    headers = {"Idempotency-Key": key, "Prefer": "return=representation"}
    return cinema.ask("POST", "/siestas", body=body, headers=headers)


def retry(cinema: Cinema, key: str) -> Answer:
    """As a client does: until it is answered."""

    def answered() -> Answer | None:
        answer = post(cinema, key)
        assert answer.status in (201, 409), answer
        return answer if answer.status == 201 else None

    return eventually(answered, "an answer that is not 409")


def kill(cinema: Cinema) -> None:
    """All of its processes at once, without a word."""
    processes = [*cinema.workers(), psutil.Process(cinema.process.pid)]
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGKILL)
    cinema.process.wait()


@pytest.mark.parametrize("after_ms", [30, 150, 300, 400, 440, 600])
def test_a_request_whose_server_is_killed_has_one_effect_once_it_is_retried(
    tmp_path: Path, recorded: str, after_ms: int
) -> None:
    key = f"killed-after-{after_ms}"
    with Cinema(tmp_path / "first", recorded) as cinema:

        def ask() -> None:
            with contextlib.suppress(Exception):  # the connection breaks
                post(cinema, key)

        asking = threading.Thread(target=ask)
        asking.start()
        time.sleep(after_ms / 1000)
        kill(cinema)
        asking.join()
    with Cinema(tmp_path / "second", recorded) as cinema:
        first = retry(cinema, key)
        assert post(cinema, key).body == first.body
        assert cinema.rows(f"/siestas?note=eq.{key}") == json.loads(first.body)
        assert len(json.loads(first.body)) == 1


def test_of_many_who_send_one_request_at_once_one_does_it(tmp_path: Path, recorded: str) -> None:
    with Cinema(tmp_path, recorded, workers=2) as cinema:
        answers = together([lambda: post(cinema, "at-once")] * 8)
        statuses = sorted(answer.status for answer in answers)
        assert statuses[0] == 201
        assert set(statuses) <= {201, 409}
        assert len({answer.body for answer in answers if answer.status == 201}) == 1
        assert len(cinema.rows("/siestas?note=eq.at-once")) == 1
        assert retry(cinema, "at-once").headers["idempotency-replayed"] == "true"
        assert cinema.complaints() == []
