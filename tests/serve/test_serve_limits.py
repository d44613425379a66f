"""One request at each limit and one past it, slow and rude clients, and requests that mean two things at once."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import psutil
import pytest
from serve_process import Server, eventually, is_closed, read_answer

pytestmark = pytest.mark.slow
LIMITS = {"body_bytes_max": 1_000, "url_bytes_max": 200, "header_bytes_max": 1_000}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("limits"), limits=LIMITS) as server:
        yield server


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("impatient"), limits={"client_ms_max": 500}) as server:
        yield server


def test_a_request_arrives_whole_and_its_answer_too(server: Server) -> None:
    answer = httpx.post(f"{server.url}/a%20b?x=1%202", content=b"body", headers={"authorization": "Bearer t"})
    assert answer.json() == {
        "method": "POST",
        "path": "/a b",
        "query": "x=1%202",
        "body": "body",
        "authorization": "Bearer t",
    }


@pytest.mark.parametrize(("size", "status"), [(1_000, 200), (1_001, 413)])
def test_a_body_with_a_length_is_bounded(server: Server, size: int, status: int) -> None:
    answer = httpx.post(f"{server.url}/length", content=b"x" * size)
    assert answer.status_code == status
    assert answer.json() == size if status == 200 else answer.json()["code"] == "MS413"


@pytest.mark.parametrize(("size", "status"), [(1_000, 200), (1_001, 413)])
def test_a_chunked_body_is_bounded(server: Server, size: int, status: int) -> None:
    answer = httpx.post(f"{server.url}/length", content=iter([b"x" * 600, b"x" * (size - 600)]))
    assert answer.status_code == status
    assert answer.json() == size if status == 200 else answer.json()["code"] == "MS413"


def test_a_body_far_past_the_limit_is_refused_before_it_is_sent(server: Server) -> None:
    head = b"POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999999\r\nExpect: 100-continue\r\n\r\n"
    with server.connection(head) as connection:
        assert read_answer(connection).code == "MS413"


def test_a_client_that_may_continue_is_told_so(server: Server) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
    with server.connection(head) as connection:
        assert connection.recv(1_000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"abc")
        assert read_answer(connection).body == b"abc"


@pytest.mark.parametrize(("size", "status"), [(200, 200), (201, 414)])
def test_a_url_is_bounded(server: Server, size: int, status: int) -> None:
    path = "/path?" + "q" * (size - len("/path"))
    answer = server.get(path)
    assert answer.status == status
    assert status == 200 or answer.code == "MS414"


def test_a_url_is_measured_in_bytes(server: Server) -> None:
    assert server.get("/" + "%C3%A9" * 99).status == 200
    assert server.get("/" + "%C3%A9" * 100).code == "MS414"


def test_a_url_far_past_the_limit_is_refused(server: Server) -> None:
    assert server.get("/" + "x" * 100_000).status in {414, 431}


MANY_HEADERS = b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n"


def head_with_headers(size: int) -> bytes:
    """A request whose header names and values are `size` bytes together."""
    rest = size - len("hostx") - len("filler")
    return b"GET / HTTP/1.1\r\nHost: x\r\nfiller: " + b"f" * rest + b"\r\n\r\n"


@pytest.mark.parametrize(("size", "status"), [(1_000, 200), (1_001, 431)])
def test_headers_are_bounded(server: Server, size: int, status: int) -> None:
    answer = server.send(head_with_headers(size))
    assert answer.status == status
    assert status == 200 or answer.code == "MS431"


@pytest.mark.parametrize(
    "head", [head_with_headers(1_000_000), b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n"], ids=["large", "many"]
)
def test_headers_far_past_the_limit_are_refused(server: Server, head: bytes) -> None:
    with server.connect() as connection:
        try:
            connection.sendall(head)
        except ConnectionError:
            return  # refused before it was all there
        assert read_answer(connection).status == 431


@pytest.mark.parametrize(
    "head", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n"], ids=["nothing", "a part", "all but the end"]
)
def test_a_client_that_takes_too_long_for_its_head_is_hung_up_on(impatient: Server, head: bytes) -> None:
    with impatient.connection(head) as connection:
        assert is_closed(connection)


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ],
    ids=["length", "chunks"],
)
def test_a_client_that_takes_too_long_for_its_body_is_told_408(impatient: Server, request_: bytes) -> None:
    with impatient.connection(request_) as connection:
        assert read_answer(connection).code == "MS408"
        assert is_closed(connection)


@pytest.mark.parametrize(
    "request_",
    [
        b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc",
        b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ],
    ids=["length", "chunks"],
)
def test_a_body_that_is_cut_short_never_reaches_the_application(server: Server, request_: bytes) -> None:
    with server.connection(request_) as connection:
        connection.shutdown(socket.SHUT_WR)
        rest = connection.recv(10_000)
    assert b"200 OK" not in rest


@pytest.mark.parametrize(
    "chunks",
    [b"3\r\nabc\r\nZZ\r\n", b"3\r\nabc\r\n0\r\nX-Trailer: 1\r\n\r\n"],
    ids=["a bad chunk", "trailers"],
)
def test_chunks_that_are_not_just_a_body_are_refused(server: Server, chunks: bytes) -> None:
    answer = server.send(b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    assert answer.status == 400


MALFORMED = {
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "space in a header name": b"GET / HTTP/1.1\r\nHost: x\r\nA B: c\r\n\r\n",
    "space before a colon": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\n\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    "a negative length": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "a length with a sign": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na",
    "a list of lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4, 4\r\n\r\nabcd",
    "two hosts": b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "another version": b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
    "HTTP/2 at once": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a proxy's request": b"CONNECT other:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a target that is no path": b"GET films HTTP/1.1\r\nHost: x\r\n\r\n",
    "lines that end with LF alone": b"GET / HTTP/1.1\nHost: x\n\n",
    "a header in two lines": b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
    "a header that holds a CR": b"GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n",
    "a header that holds a NUL": b"GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n",
    "chunks over HTTP/1.0": b"POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("request_", MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_request_is_refused_and_the_connection_closed(server: Server, request_: bytes) -> None:
    with server.connection(request_) as connection:
        assert read_answer(connection).status == 400
        assert is_closed(connection)


@pytest.mark.parametrize("coding", [b"identity", b"gzip, chunked", b"chunked, chunked", b"xchunked"])
def test_a_coding_that_is_not_chunked_alone_is_refused(server: Server, coding: bytes) -> None:
    request = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: %b\r\n\r\n0\r\n\r\n" % coding
    with server.connection(request) as connection:
        assert read_answer(connection).code in ("MS400", "MS501")
        assert is_closed(connection)


@pytest.mark.parametrize(
    "lengths",
    [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n",
        b"Content-Length: 48\r\nTransfer-Encoding: chunked\r\n",
    ],
    ids=["length first", "chunks first", "a length around both"],
)
def test_a_request_smuggled_behind_two_lengths_is_never_answered(server: Server, lengths: bytes) -> None:
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    with server.connection(b"POST / HTTP/1.1\r\nHost: x\r\n" + lengths + b"\r\n0\r\n\r\n" + smuggled) as connection:
        answer = read_answer(connection)  # RFC 9112, 6.1: the chunks count, and the connection must be closed
        assert b"smuggled" not in answer.body
        assert answer.headers["connection"] == "close"
        assert is_closed(connection)


def test_pipelined_requests_are_answered_in_order(server: Server) -> None:
    requests = b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(5))
    with server.connection(requests) as connection:
        assert [read_answer(connection).json["path"] for _ in range(5)] == ["/0", "/1", "/2", "/3", "/4"]


def test_many_requests_may_wait_behind_a_slow_one(server: Server) -> None:
    count = 3_000  # more than is read while the first is being answered
    behind = b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in range(count))
    with server.connection(b"GET /sleep?300 HTTP/1.1\r\nHost: x\r\n\r\n") as connection:
        sending = threading.Thread(target=connection.sendall, args=(behind,))
        sending.start()
        assert read_answer(connection).json == "slept"
        assert [read_answer(connection).json["path"] for _ in range(count)] == [f"/{n}" for n in range(count)]
        sending.join()


def test_a_body_is_taken_in_any_pieces(server: Server) -> None:
    request = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcdeGET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
    with server.connect() as connection:
        for byte in request:
            connection.sendall(bytes([byte]))
            time.sleep(0.001)
        assert read_answer(connection).body == b"abcde"
        assert read_answer(connection).json["path"] == "/2"


@pytest.mark.parametrize(
    "body", [b"Content-Length: 4\r\n\r\nGET ", b"Transfer-Encoding: chunked\r\n\r\n4\r\nGET \r\n0\r\n\r\n"]
)
def test_a_wish_for_another_protocol_is_not_granted_and_its_body_read(server: Server, body: bytes) -> None:
    """As Java's client and curl send with their first request."""
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    with server.connection(head + body + b"GET /2 HTTP/1.1\r\nHost: x\r\n\r\n") as connection:
        assert read_answer(connection).body == b"GET "
        assert read_answer(connection).json["path"] == "/2"
    with server.connection(head) as connection:
        for byte in body:
            connection.sendall(bytes([byte]))
            time.sleep(0.001)
        assert read_answer(connection).body == b"GET "


def test_a_body_that_comes_with_a_wish_for_another_protocol_is_bounded_too(server: Server) -> None:
    head = (
        b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    assert server.send(head + b"7d0\r\n" + b"x" * 2_000 + b"\r\n0\r\n\r\n").code == "MS413"


def test_what_is_between_the_parts_of_a_body_is_bounded(server: Server) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;"
    with server.connection(head) as connection:
        try:
            connection.sendall(b"x" * 1_000_000)
        except ConnectionError:
            return  # refused before it was all there
        assert read_answer(connection).status == 400


def test_an_answer_reaches_a_client_that_is_still_sending(server: Server) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n"
    with server.connection(head) as connection:
        for _ in range(30):
            connection.sendall(b"x" * 100_000)
        assert read_answer(connection).code == "MS413"
        assert is_closed(connection)


def test_a_target_may_name_its_server(server: Server) -> None:
    for target, path, query in (
        ("http://x/a%20b?c=d", "/a b", "c=d"),
        ("HTTP://x", "/", ""),
        ("https://x?q=/", "/", ""),
    ):
        answer = server.send(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode()).json
        assert (answer["path"], answer["query"]) == (path, query)
    assert server.send(b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n").json["path"] == "*"


def test_http_1_0_closes_unless_it_is_asked_not_to(server: Server) -> None:
    with server.connection(b"GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") as connection:
        answer = read_answer(connection)
        assert (answer.json["path"], answer.headers["connection"]) == ("/1", "keep-alive")
        connection.sendall(b"GET /2 HTTP/1.0\r\n\r\n")
        assert read_answer(connection).json["path"] == "/2"
        assert is_closed(connection)


def test_an_answer_without_a_body_has_its_length(server: Server) -> None:
    with server.connection(b"GET /empty HTTP/1.1\r\nHost: x\r\n\r\n" * 2) as connection:
        assert [read_answer(connection).headers["content-length"] for _ in range(2)] == ["0", "0"]


def test_a_header_that_would_be_two_is_a_bug_and_no_header(server: Server) -> None:
    answer = server.get("/split")
    assert (answer.status, answer.code) == (500, "MS500")
    assert "set-cookie" not in answer.headers


def test_an_answer_says_when_it_was_made(server: Server) -> None:
    made = parsedate_to_datetime(server.get("/").headers["date"])
    assert abs((datetime.now(UTC) - made).total_seconds()) < 60


def test_a_client_that_takes_its_answer_slowly_gets_all_of_it(impatient: Server) -> None:
    size = 30_000_000
    with impatient.connection(b"GET /large?%d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % size) as connection:
        received = 0
        while part := connection.recv(size // 20):
            received += len(part)
            time.sleep(0.02)
    assert received > size


def test_a_client_that_takes_nothing_of_its_answer_is_hung_up_on(impatient: Server) -> None:
    [worker] = psutil.Process(impatient.process.pid).children()
    before = len(worker.net_connections())
    with impatient.connection(b"GET /large?30000000 HTTP/1.1\r\nHost: x\r\n\r\n"):
        eventually(lambda: len(worker.net_connections()) == before + 1, "the connection to be there")
        eventually(lambda: len(worker.net_connections()) == before, "the connection to be cut")


def test_a_connection_that_is_one_too_many_is_told_so(tmp_path: Path) -> None:
    with Server(tmp_path, files=138) as server, contextlib.ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(server.connection(b"GET /pid HTTP/1.1\r\nHost: x\r\n\r\n"))
        answer = server.send(b"")
        assert (answer.status, answer.headers["retry-after"]) == (503, "1")
        stack.close()
        eventually(lambda: server.send(b"GET /pid HTTP/1.1\r\nHost: x\r\n\r\n").status == 200, "room again")


def test_a_connection_is_kept_alive_unless_either_side_says_otherwise(server: Server) -> None:
    with server.connection(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\n") as connection:
        assert read_answer(connection).json["path"] == "/1"
        connection.sendall(b"GET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert read_answer(connection).json["path"] == "/2"
        assert is_closed(connection)


def test_a_head_request_is_answered_like_a_get_without_its_body(server: Server) -> None:
    with server.connection(b"HEAD /films HTTP/1.1\r\nHost: x\r\n\r\n") as connection:
        head = read_answer(connection, "HEAD")
        connection.sendall(b"GET /films HTTP/1.1\r\nHost: x\r\n\r\n")
        get = read_answer(connection)
    assert head.body == b""
    assert head.headers["content-type"] == get.headers["content-type"]
    assert int(head.headers["content-length"]) == len(get.body) + len("HEAD") - len("GET")


def test_no_content_has_no_length_and_no_body(server: Server) -> None:
    answer = server.get("/nothing")
    assert (answer.status, answer.body) == (204, b"")
    assert "content-length" not in answer.headers


def test_a_bug_is_answered_with_an_id_that_finds_its_traceback_in_the_log(server: Server) -> None:
    answer = server.get("/bug")
    assert (answer.status, answer.code) == (500, "MS500")
    assert b"secret" not in answer.body
    lines = [line for line in server.log() if line["event"] == "request failed"]
    found = [line for line in lines if line["request_id"] == answer.headers["x-request-id"]]
    assert "KeyError" in found[0]["exception"]
    assert answer.headers["x-request-id"] in answer.json["details"]


def test_a_problem_that_escapes_the_application_is_rendered_by_it(server: Server) -> None:
    assert server.get("/problem").code == "MS400"


def test_a_client_that_goes_away_has_its_work_cancelled(server: Server) -> None:
    with server.connection(b"GET /cancellable HTTP/1.1\r\nHost: x\r\n\r\n"):
        server.wait_for_journal("began")
    server.wait_for_journal("cancelled")
    assert server.get("/still-there").status == 200


def test_health(server: Server) -> None:
    live, ready = server.get("/health/live"), server.get("/health/ready")
    assert (live.status, live.json) == (200, {"status": "live"})
    assert (ready.status, ready.json) == (200, {"status": "ready"})
    assert live.headers["cache-control"] == "no-store"
    assert httpx.head(f"{server.url}/health/ready").status_code == 200
    assert httpx.post(f"{server.url}/health/ready").status_code == 405


@pytest.mark.parametrize("how", ["no", "bug", "never"])
def test_readiness_fails_where_the_application_is_not_ready(how: str, tmp_path: Path) -> None:
    with Server(tmp_path, {"FAKE_READY": how}) as server:
        assert (server.get("/health/ready").status, server.get("/health/live").status) == (503, 200)
