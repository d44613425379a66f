"""An app on SQLite: what it is told that it can't have, and what works in another way there."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from app.test_stores_answer_alike import ANN, answers, rest
from mainstay import Mainstay
from mainstay.core.problem import DeclarationError
from portable.app import Base, library
from portable.setting import in_sqlite


@pytest.fixture
def url(tmp_path: Path) -> str:
    return in_sqlite(tmp_path)


@pytest.mark.parametrize(
    ("app", "message"),
    [
        (Mainstay(reflect=True, database_url="sqlite://"), "can't be read yet"),
        (Mainstay(Base, database_url="sqlite://", security="database"), "has no roles that could decide"),
        (Mainstay(Base, database_url="mysql://localhost/library"), "mysql is not served yet"),
    ],
)
def test_what_it_can_not_be_asked_for_is_told_at_start(app: Mainstay, message: str) -> None:
    with pytest.raises(DeclarationError, match=message):
        asyncio.run(app.start())


@pytest.mark.parametrize(
    ("method", "target", "body", "headers", "status", "code"),
    [
        ("GET", "books?select=id", None, {"accept": "text/csv"}, 400, "MS495"),
        ("GET", "books?select=id&order=id&limit=2&after=()", None, {}, 400, "MS495"),
        ("POST", "authors", {"id": 90, "name": "n", "books": [{"id": 91, "title": "t"}]}, {}, 400, "MS495"),
        ("POST", "books", {"id": 90, "title": "t", "keeper": "ann", "cover": "\\x00"}, {}, 400, "MS495"),
        ("POST", "authors", {"id": 90, "name": "n"}, {"idempotency-key": "k"}, 501, "MS482"),
    ],
)
def test_what_it_has_no_words_for_is_refused_and_nothing_done(  # noqa: PLR0917 - a request, and its answer
    url: str, method: str, target: str, body: object, headers: dict[str, str], status: int, code: str
) -> None:
    refused, there = answers(url, [rest(method, target, body, headers), rest("GET", "authors?id=eq.90")])
    assert (refused.status, refused.code) == (status, code)
    assert there.body == []


def test_a_live_query_is_told_of_changes(url: str) -> None:
    async def use() -> None:
        app = library(url)
        app.configure(app.settings.replace(live_poll_ms=50))
        await app.start()
        streaming = await app.handle(rest("GET", "topics?select=label&id=eq.9", None, {"accept": "text/event-stream"}))
        parts = streaming.stream
        assert parts is not None
        while b"data: []" not in await anext(parts):
            pass
        await app.handle(rest("POST", "topics", {"id": 9, "label": "new"}))
        async with asyncio.timeout(20):
            while b'data: [{"label":"new"}]' not in await anext(parts):
                pass
        await parts.aclose()
        await app.stop()

    asyncio.run(use())


def test_the_command_for_triggers_says_that_there_are_none(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("from portable.app import library\napp = library('sqlite:///app.db')\n")
    command = [sys.executable, "-m", "mainstay", "live", "install", "app:app", "--database", "sqlite:///app.db"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == "mainstay: SQLite does not tell of changes; its live queries are asked for at an interval\n"


def test_a_token_of_nobody_writes_nothing(url: str) -> None:
    refused, there = answers(
        url,
        [rest("POST", "authors", {"id": 90, "name": "n"}, who="no token"), rest("GET", "authors?id=eq.90", who=ANN)],
    )
    assert (refused.status, there.body) == (401, [])
