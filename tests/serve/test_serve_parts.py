"""Parts of the server that need no process: what may be logged, what is said on failure, who is watched."""

import asyncio
import io
import json
import logging
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from fake_app import FakeApplication

from mainstay.core import observation
from mainstay.core.exchange import Request, Response
from mainstay.core.limits import Limits
from mainstay.core.observation import ClientLeft, Observation, RequestCut, RequestHandled, Started
from mainstay.core.problem import DeclarationError, Problem
from mainstay.observe import log
from mainstay.observe.log import EVENTS, LogFormat
from mainstay.serve.front import Front, joined, names
from mainstay.serve.listen import ListenError, listen
from mainstay.serve.load import LoadError, explain, load


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged, as JSON, by everyone; logging is put back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    log.configure(LogFormat.JSON, level="debug", stream=stream)
    yield stream
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def parsed(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_observation_has_its_line() -> None:
    kinds = {kind for kind in vars(observation).values() if isinstance(kind, type) and "msgspec" in str(kind.__base__)}
    assert kinds == set(EVENTS)


def test_an_observation_is_one_json_line(lines: io.StringIO) -> None:
    log.listener()(Started("http://127.0.0.1:1", 2, 3))
    (line,) = parsed(lines)
    assert {"event": "started", "level": "info", "url": "http://127.0.0.1:1", "workers": 2}.items() <= line.items()
    assert line["timestamp"].endswith("Z")


@pytest.mark.parametrize("requests", [True, False])
def test_requests_have_lines_only_when_asked_for(requests: bool, lines: io.StringIO) -> None:
    log.listener(requests=requests)(RequestHandled("GET", "/films\n", ("id",), 200, 1_500, "reader"))
    expected = {
        "event": "request",
        "method": "GET",
        "path": "/films\n",
        "parameters": ["id"],
        "status": 200,
        "ms": 1.5,
        "role": "reader",
    }
    assert [expected.items() <= line.items() for line in parsed(lines)] == [True] * requests


def test_a_librarys_own_lines_and_tracebacks_leave_in_the_same_form(lines: io.StringIO) -> None:
    try:
        raise ValueError("what\nelse")
    except ValueError:
        logging.getLogger("library").exception("it failed %s", "badly", extra={"attempt": 2})
    (line,) = parsed(lines)
    assert {"event": "it failed badly", "level": "error", "logger": "library", "attempt": 2}.items() <= line.items()
    assert line["exception"].endswith("ValueError: what\nelse")


def test_below_the_level_nothing_is_logged(lines: io.StringIO) -> None:
    log.configure(LogFormat.JSON, level="WARNING", stream=lines)
    log.listener()(Started("http://127.0.0.1:1", 1, 1))
    logging.getLogger("library").info("no")
    assert parsed(lines) == []


TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtZSJ9.c2ln"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        (f"bad token {TOKEN}!", "bad token [redacted]!"),
        ("Authorization: Bearer abc.def-ghi, then", "Authorization: Bearer [redacted], then"),
        ("postgresql://me:pa%24s@db:5432/x", "postgresql://me:[redacted]@db:5432/x"),
        ("http://localhost:8000/rest?select=a", "http://localhost:8000/rest?select=a"),
        ("postgresql://me@db/x and a@b", "postgresql://me@db/x and a@b"),
    ],
)
def test_what_looks_like_a_secret_is_not_logged_whoever_says_it(text: str, redacted: str, lines: io.StringIO) -> None:
    logging.getLogger("library").warning(text)
    log.listener()(Started(text, 1, 1))
    assert [line.get("url", line["event"]) for line in parsed(lines)] == [redacted, redacted]


def test_a_console_gets_text(lines: io.StringIO) -> None:
    log.configure(LogFormat.CONSOLE, stream=lines)
    log.listener()(Started("http://127.0.0.1:1", 1, 1))
    assert "started" in lines.getvalue()
    assert "\x1b" not in lines.getvalue()  # no colours where it is no terminal


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ()),
        ("a=1&b=2", ("a", "b")),
        ("a%20b=secret&title.eq.secret", ("a b",)),
        ("&a==secret=&", ("a",)),
        ("or=(name.eq.secret,id.gt.1)", ("or",)),
    ],
)
def test_a_querys_values_are_dropped(query: str, found: tuple[str, ...]) -> None:
    assert names(query) == found


class Leaving:
    """A client that leaves after some ticks."""

    def __init__(self, after_s: float | None) -> None:
        self.after_s = after_s
        self.watched = False

    async def client_disconnect(self) -> None:
        self.watched = True
        if self.after_s is None:
            await asyncio.Event().wait()
        await asyncio.sleep(self.after_s or 0)


async def started(application: FakeApplication) -> tuple[Front, list[Observation]]:
    seen: list[Observation] = []
    front = Front(application, observe=seen.append)
    await front.start()
    return front, seen


def test_a_quick_request_is_never_watched() -> None:
    async def use() -> None:
        front, _ = await started(FakeApplication(Limits()))
        clients = [Leaving(0) for _ in range(30)]
        for client in clients:  # several ticks, none of which meets a request again that it has met before
            await front.answer(Request("GET", "/sleep", "10", {}), client)
        assert not any(client.watched for client in clients)
        await front.stop()

    asyncio.run(use())


def test_a_slow_request_is_cancelled_when_its_client_leaves_and_no_other() -> None:
    async def use() -> None:
        front, seen = await started(FakeApplication(Limits()))
        slow = Request("GET", "/sleep", "600", {})
        stayed, left = await asyncio.gather(front.answer(slow, Leaving(None)), front.answer(slow, Leaving(0)))
        assert (stayed.status, left.status) == (200, 499)
        assert seen == [ClientLeft("GET", "/sleep")]
        await front.stop()

    asyncio.run(use())


def test_a_client_that_leaves_as_its_answer_is_ready_harms_nobody() -> None:
    async def use() -> None:
        front, _ = await started(FakeApplication(Limits()))
        request = Request("GET", "/sleep", "150", {})
        for after_s in (0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06):
            response = await front.answer(request, Leaving(after_s))
            assert response.status in {200, 499}
            task = asyncio.current_task()
            assert task is not None
            assert task.cancelling() == 0
        assert not front.in_flight.tasks
        await front.stop()

    asyncio.run(use())


def test_a_client_that_left_after_its_answer_harms_no_later_request_of_the_same_task() -> None:
    async def use() -> None:
        front, seen = await started(FakeApplication(Limits()))
        slow = Request("GET", "/sleep", "200", {})
        first = await front.answer(slow, Leaving(0.3))
        second = await front.answer(slow, Leaving(None))
        assert (first.status, second.status, seen) == (200, 200, [])
        await front.stop()

    asyncio.run(use())


def test_requests_that_are_cut_off_are_answered() -> None:
    async def use() -> None:
        front, seen = await started(FakeApplication(Limits()))
        answering = asyncio.create_task(front.answer(Request("GET", "/sleep", "9000", {}), Leaving(None)))
        await asyncio.sleep(0)
        assert front.in_flight.cut() == 1
        response = await answering
        assert (response.status, dict(response.headers)["connection"]) == (503, "close")
        assert seen == [RequestCut("GET", "/sleep")]
        await front.stop()

    asyncio.run(use())


def test_an_application_that_swallows_its_cancellation_still_answers() -> None:
    class Stubborn(FakeApplication):
        async def handle(self, request: Request) -> Response:
            try:
                await asyncio.sleep(9)
            except asyncio.CancelledError:
                return Response(200, [], b"anyway")
            raise AssertionError

    async def use() -> None:
        front, _ = await started(Stubborn(Limits()))
        answering = asyncio.create_task(front.answer(Request("GET", "/x", "", {}), Leaving(None)))
        await asyncio.sleep(0)
        front.in_flight.cut()
        assert (await answering).body == b"anyway"
        await front.stop()

    asyncio.run(use())


def test_a_name_without_an_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ListenError, match="can't listen on nowhere:80: there is no address of that name"):
        listen("nowhere", 80, 1)


def test_workers_share_a_port_and_each_has_its_own_queue() -> None:
    listening = listen("127.0.0.1", 0, 3)
    ports = {listener.getsockname()[1] for listener in listening.sockets}
    assert len(ports) == 1
    assert len({listener.fileno() for listener in listening.sockets}) == 3
    assert listening.url == f"http://127.0.0.1:{ports.pop()}"
    listening.close()


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (DeclarationError("no column", where="policy", hint="try\nthis"), "policy: no column (hint: try this)"),
        (Problem("MS503", "no database"), "no database"),
        (Problem("MS503", "no database", hint="start it"), "no database (hint: start it)"),
        (ValueError("a\n b"), "ValueError: a b"),
        (ValueError(), "ValueError"),
        (LoadError("as it is"), "as it is"),
        (SyntaxError("bad", ("app.py", 3, 1, "x")), "app.py:3: SyntaxError: bad"),
    ],
)
def test_a_failure_is_explained_in_one_line(error: Exception, line: str) -> None:
    assert explain(error) == line


def test_a_failure_in_the_teams_code_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "team_app_that_fails.py").write_text("import json\n\njson.loads('{')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ValueError, match="Expecting") as caught:
        load("team_app_that_fails:app")
    assert explain(caught.value).startswith("team_app_that_fails.py:3: JSONDecodeError: Expecting property name")


def test_a_missing_dependency_is_not_mistaken_for_a_missing_app(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "team_app_that_lacks.py").write_text("import no_such_package\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError) as caught:
        load("team_app_that_lacks:app")
    line = "team_app_that_lacks.py:1: ModuleNotFoundError: No module named 'no_such_package'"
    assert explain(caught.value) == line


@pytest.mark.parametrize(
    ("items", "headers"),
    [
        ([("a", "1"), ("b", "2")], {"a": "1", "b": "2"}),
        (
            [("prefer", "count=exact"), ("a", "1"), ("prefer", "return=minimal")],
            {"prefer": "count=exact, return=minimal", "a": "1"},
        ),
        ([], {}),
    ],
)
def test_the_values_of_a_header_that_came_twice_are_one_list(
    items: list[tuple[str, str]], headers: dict[str, str]
) -> None:
    assert joined(items, ", ") == headers
