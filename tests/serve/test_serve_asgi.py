"""The same application under uvicorn, and mounted in other apps."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fake_app import FakeApplication
from serve_process import Answer, eventually, is_closed, read_answer
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.routing import Mount
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from mainstay.core.exchange import Request, Response
from mainstay.core.limits import Limits
from mainstay.core.observation import ClientLeft, Observation, RequestFailed, RequestHandled
from mainstay.serve.asgi import Asgi

LIMITS = Limits(socket_message_bytes_max=1_000, body_bytes_max=1_000, url_bytes_max=200, header_bytes_max=1_000)


class Recorder:
    """The application, and what was observed of it."""

    def __init__(self) -> None:
        self.application = FakeApplication(LIMITS)
        self.observations: list[Observation] = []
        self.asgi = Asgi(self.application, observe=self.observations.append, observe_requests=True)

    def of(self, kind: type[Any]) -> list[Any]:
        return [observation for observation in self.observations if isinstance(observation, kind)]


@contextlib.contextmanager
def uvicorn_server(app: Any, http: str, root_path: str = "") -> Iterator[int]:
    """Serves `app` in a thread; the port."""
    config = uvicorn.Config(app, http=http, lifespan="auto", log_config=None, root_path=root_path)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            eventually(lambda: server.started, "uvicorn to start")
            yield listener.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module", params=["h11", "httptools"])
def port(request: pytest.FixtureRequest, recorder: Recorder) -> Iterator[int]:
    with uvicorn_server(recorder.asgi, request.param) as port:
        yield port


@contextlib.contextmanager
def connection(port: int, *parts: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
        yield connection


def send(port: int, request: bytes, method: str = "GET") -> Answer:
    with connection(port, request) as opened:
        return read_answer(opened, method)


def test_a_request_arrives_whole_and_its_answer_too(port: int) -> None:
    answer = httpx.post(f"http://127.0.0.1:{port}/a%20b?x=1%202", content=b"body", headers={"Authorization": "B t"})
    assert answer.json() == {
        "method": "POST",
        "path": "/a b",
        "query": "x=1%202",
        "body": "body",
        "authorization": "B t",
    }


@pytest.mark.parametrize(("size", "status"), [(1_000, 200), (1_001, 413)])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_is_bounded(port: int, chunked: bool, size: int, status: int) -> None:
    content = iter([b"x" * 600, b"x" * (size - 600)]) if chunked else b"x" * size
    assert httpx.post(f"http://127.0.0.1:{port}/length", content=content).status_code == status


@pytest.mark.parametrize(("size", "status"), [(200, 200), (201, 414)])
def test_a_url_is_bounded(port: int, size: int, status: int) -> None:
    url = "/x?" + "q" * (size - len("/x"))
    assert send(port, f"GET {url} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).status == status


@pytest.mark.parametrize(("size", "status"), [(1_000, 200), (1_001, 431)])
def test_headers_are_bounded(port: int, size: int, status: int) -> None:
    filler = b"f" * (size - len("hostx") - len("filler"))
    assert send(port, b"GET / HTTP/1.1\r\nHost: x\r\nfiller: " + filler + b"\r\n\r\n").status == status


@pytest.mark.parametrize("http", ["h11", "httptools"])
def test_a_client_that_takes_too_long_for_its_body_is_told_408(http: str) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc"
    with uvicorn_server(Asgi(FakeApplication(Limits(client_ms_max=300))), http) as port:
        assert send(port, head).code == "MS408"


def test_a_body_that_is_cut_short_never_reaches_the_application(port: int, recorder: Recorder) -> None:
    before = len(recorder.of(RequestHandled))
    with connection(port, b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc") as opened:
        opened.shutdown(socket.SHUT_WR)
        assert b"200 OK" not in opened.recv(10_000)
    assert [seen.status for seen in recorder.of(RequestHandled)[before:]] in ([], [400])


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
    ],
)
def test_a_request_smuggled_behind_two_lengths_is_never_answered(port: int, lengths: bytes) -> None:
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    with connection(port, b"POST / HTTP/1.1\r\nHost: x\r\n" + lengths + b"\r\n0\r\n\r\n" + smuggled) as opened:
        answer = read_answer(opened)
        assert answer.status == 400
        assert b"smuggled" not in answer.body
        assert is_closed(opened)


def test_a_coding_before_chunked_is_not_understood(port: int) -> None:
    answer = send(port, b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")
    assert answer.status in {400, 501}


def test_a_head_request_is_answered_like_a_get_without_its_body(port: int) -> None:
    head = send(port, b"HEAD /pid HTTP/1.1\r\nHost: x\r\n\r\n", "HEAD")
    get = send(port, b"GET /pid HTTP/1.1\r\nHost: x\r\n\r\n")
    assert head.body == b""
    assert head.headers["content-length"] == get.headers["content-length"] == str(len(get.body))


def test_no_content_has_no_body(port: int) -> None:
    assert httpx.get(f"http://127.0.0.1:{port}/nothing").status_code == 204


def test_a_bug_is_answered_with_an_id_that_finds_it(port: int, recorder: Recorder) -> None:
    answer = httpx.get(f"http://127.0.0.1:{port}/bug")
    assert answer.status_code == 500
    found = [seen for seen in recorder.of(RequestFailed) if seen.request_id == answer.headers["x-request-id"]]
    assert isinstance(found[0].error, KeyError)


def test_a_client_that_goes_away_has_its_work_cancelled(port: int, recorder: Recorder) -> None:
    before = len(recorder.of(ClientLeft))
    with connection(port, b"GET /cancellable HTTP/1.1\r\nHost: x\r\n\r\n"):
        eventually(lambda: recorder.asgi.front.in_flight.tasks, "the request to begin")
    eventually(lambda: len(recorder.of(ClientLeft)) > before, "the client's leaving to be noticed")
    assert httpx.get(f"http://127.0.0.1:{port}/still-there").status_code == 200


def test_health(port: int) -> None:
    assert httpx.get(f"http://127.0.0.1:{port}/health/live").json() == {"status": "live"}
    assert httpx.get(f"http://127.0.0.1:{port}/health/ready").json() == {"status": "ready"}


def test_requests_are_observed(port: int, recorder: Recorder) -> None:
    httpx.get(f"http://127.0.0.1:{port}/films?name=eq.secret&select=id")
    seen = recorder.of(RequestHandled)[-1]
    assert (seen.path, seen.parameters, seen.status, seen.role) == ("/films", ("name", "select"), 200, "somebody")


class Counted(FakeApplication):
    """Counts its starts and stops."""

    def __init__(self) -> None:
        super().__init__(LIMITS)
        self.starts = 0
        self.stops = 0

    async def start(self) -> None:
        self.starts += 1
        await asyncio.sleep(0.01)

    async def stop(self) -> None:
        self.stops += 1


def test_lifespan_starts_and_stops_it_once() -> None:
    application = Counted()
    with uvicorn_server(Asgi(application), "h11") as port:
        assert application.starts == 1
        httpx.get(f"http://127.0.0.1:{port}/")
    assert (application.starts, application.stops) == (1, 1)


def test_a_failed_start_is_said_to_the_server() -> None:
    class Failing(Counted):
        async def start(self) -> None:
            raise ValueError("no database")

    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "lifespan.startup"}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    asyncio.run(Asgi(Failing())({"type": "lifespan"}, receive, send))
    assert sent == [{"type": "lifespan.startup.failed", "message": "no database"}]


@pytest.mark.parametrize("prefix", ["/api", "/a/b"])
def test_mounted_it_starts_with_the_first_requests_and_sees_its_own_paths(prefix: str) -> None:
    application = Counted()

    async def untouched(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    outer = Starlette(
        routes=[Mount(prefix, app=Asgi(application))],
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=untouched)],
    )

    async def use() -> list[Any]:
        transport = httpx.ASGITransport(outer)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            paths = ["/films", "/health/ready", "/", f"{prefix}/films"]
            answers = await asyncio.gather(*(client.get(f"{prefix}{path}") for path in paths))
            return [answer.json() for answer in answers]

    films, ready, root, nested = asyncio.run(use())
    assert [films["path"], root["path"], nested["path"]] == ["/films", "/", f"{prefix}/films"]
    assert ready == {"status": "ready"}
    assert application.starts == 1


def test_a_root_path_from_the_server_is_honoured() -> None:
    with uvicorn_server(Asgi(FakeApplication(LIMITS)), "h11", root_path="/api") as port:
        assert httpx.get(f"http://127.0.0.1:{port}/films").json()["path"] == "/films"


def test_mounted_in_an_app_with_middleware_a_client_that_goes_away_still_cancels_its_work() -> None:
    recorder = Recorder()

    async def untouched(request: Any, call_next: Any) -> Any:
        return await call_next(request)

    outer = Starlette(
        routes=[Mount("/api", app=recorder.asgi)], middleware=[Middleware(BaseHTTPMiddleware, dispatch=untouched)]
    )
    with uvicorn_server(outer, "h11") as port:
        with connection(port, b"GET /api/cancellable HTTP/1.1\r\nHost: x\r\n\r\n"):
            eventually(lambda: recorder.asgi.front.in_flight.tasks, "the request to begin")
        eventually(lambda: recorder.of(ClientLeft), "the client's leaving to be noticed")
        assert httpx.get(f"http://127.0.0.1:{port}/api/films").json()["path"] == "/films"


def test_somebody_elses_cancellation_goes_through() -> None:
    async def use() -> None:
        asgi = Asgi(FakeApplication(LIMITS))
        await asgi.front.start()
        request = Request("GET", "/cancellable", "", {})

        class Patient:
            async def client_disconnect(self) -> None:
                await asyncio.Event().wait()

        answering: asyncio.Task[Response] = asyncio.create_task(asgi.front.answer(request, Patient()))
        await asyncio.sleep(0)
        answering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await answering
        assert not asgi.front.in_flight.tasks
        await asgi.front.stop()

    asyncio.run(use())


def test_a_stream_arrives_whole(port: int) -> None:
    assert httpx.get(f"http://127.0.0.1:{port}/stream?few").content == b"part 0\npart 1\npart 2\n"


def test_a_stream_that_breaks_is_cut_off(port: int, recorder: Recorder) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"http://127.0.0.1:{port}/stream?broken")
    assert str(recorder.of(RequestFailed)[-1].error) == "'a secret detail'"


def test_a_stream_is_closed_when_its_client_leaves(port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = tmp_path / "journal"
    journal.touch()
    monkeypatch.setenv("FAKE_JOURNAL", str(journal))
    with connection(port, b"GET /stream?endless HTTP/1.1\r\nHost: x\r\n\r\n") as opened:
        assert opened.recv(1)
        eventually(lambda: "part" in journal.read_text().split(), "a part to be taken")
    eventually(lambda: "closed" in journal.read_text().split(), "the stream to be closed")


def test_a_socket_echoes(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/socket", subprotocols=["echo"]) as opened:  # type: ignore[list-item]
        assert opened.subprotocol == "echo"
        for text in ("one", "zwölf"):
            opened.send(text)
            assert opened.recv(10) == text


@pytest.mark.parametrize(
    ("message", "code"), [("goodbye", 4400), ("bye", 1000), ("bug", 1011), (b"bytes", 1003), ("x" * 2_000, 1009)]
)
def test_a_socket_is_closed_with_a_code(port: int, message: str | bytes, code: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/socket") as opened:
        opened.send(message)
        with pytest.raises(ConnectionClosed) as caught:
            opened.recv(10)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == code


def test_a_socket_that_is_refused_says_why(port: int) -> None:
    with pytest.raises(InvalidStatus) as caught, connect(f"ws://127.0.0.1:{port}/nowhere"):
        pass
    assert caught.value.response.status_code == 404
    assert json.loads(caught.value.response.body)["code"] == "MS404"


def exchange(headers: list[tuple[bytes, bytes]], messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What is sent for a POST of which `messages` are received."""
    sent: list[dict[str, Any]] = []
    scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": "/echo", "headers": headers}

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(dict(message))

    asyncio.run(Asgi(FakeApplication(LIMITS))(scope, receive, send))
    return sent


def test_a_body_of_another_length_than_it_says_is_refused() -> None:
    sent = exchange([(b"content-length", b"4")], [{"type": "http.request", "body": b"abc", "more_body": False}])
    assert sent[0]["status"] == 400


def test_a_length_that_is_no_number_is_refused() -> None:
    sent = exchange([(b"content-length", "²".encode("latin-1"))], [{"type": "http.request", "body": b"ab"}])
    assert sent[0]["status"] == 400


def test_a_client_that_leaves_before_its_body_is_whole_gets_nothing() -> None:
    received = [{"type": "http.request", "body": b"abc", "more_body": True}, {"type": "http.disconnect"}]
    assert exchange([(b"transfer-encoding", b"chunked")], received) == []


def test_a_body_in_parts_is_joined() -> None:
    received = [{"type": "http.request", "body": b"ab", "more_body": True}, {"type": "http.request", "body": b"c"}]
    sent = exchange([], received)
    assert (sent[0]["status"], sent[1]["body"]) == (200, b"abc")


def test_a_bug_is_logged_where_nobody_observes(caplog: pytest.LogCaptureFixture) -> None:
    outer = Asgi(FakeApplication(LIMITS))

    async def use() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://x") as client:
            return await client.get("/bug")

    answer = asyncio.run(use())
    (record,) = [record for record in caplog.records if record.name == "mainstay"]
    assert record.getMessage() == f"request {answer.headers['x-request-id']} failed"
    assert "KeyError" in caplog.text
