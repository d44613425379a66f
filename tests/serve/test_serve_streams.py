"""Streamed responses of the real process, over connections that are our own to read."""

import http.client
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from serve_process import Server, eventually, is_closed, read_answer

pytestmark = pytest.mark.slow

REQUEST = b"GET /stream?%b HTTP/1.1\r\nHost: x\r\n\r\n"
SMALL = {"client_ms_max": 500, "sockets_max": 2}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path, limits=SMALL) as server:
        yield server


def test_a_stream_arrives_part_by_part_and_whole(server: Server) -> None:
    with httpx.stream("GET", f"{server.url}/stream?few") as response:
        assert (response.status_code, response.headers["content-type"]) == (200, "text/event-stream")
        assert response.headers["transfer-encoding"] == "chunked"
        assert b"".join(response.iter_raw()) == b"part 0\npart 1\npart 2\n"
    server.wait_for_journal("closed")
    assert httpx.get(f"{server.url}/echo").status_code == 200


def test_a_part_arrives_before_the_next_is_there(server: Server) -> None:
    with httpx.stream("GET", f"{server.url}/stream?endless") as response:
        assert next(response.iter_raw()).startswith(b"part 0\n")


def test_over_http_1_0_the_end_of_the_connection_is_the_end(server: Server) -> None:
    with server.connection(b"GET /stream?few HTTP/1.0\r\n\r\n") as connection:
        answer = read_answer(connection)
        assert "transfer-encoding" not in answer.headers
        assert answer.body == b"part 0\npart 1\npart 2\n"


def test_head_has_no_stream(server: Server) -> None:
    answer = server.send(b"HEAD /stream?few HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "HEAD")
    assert (answer.status, answer.body) == (200, b"")


def test_a_stream_is_closed_when_its_client_leaves(server: Server) -> None:
    with server.connection(REQUEST % b"endless") as connection:
        assert connection.recv(1)
        server.wait_for_journal("part", 2)
    server.wait_for_journal("closed")


def test_a_stream_that_breaks_is_cut_off_and_told_of_in_the_log_alone(server: Server) -> None:
    with server.connection(REQUEST % b"broken") as connection:
        with pytest.raises(http.client.IncompleteRead) as caught:
            read_answer(connection)
        assert caught.value.partial == b"part 0\n"
    assert "a secret detail" in server.wait_for_log("request failed")["exception"]
    server.wait_for_journal("closed")


def test_a_client_that_reads_nothing_costs_what_its_connection_buffers_and_is_cut_off(server: Server) -> None:
    workers = psutil.Process(server.process.pid).children()
    before = sum(each.memory_info().rss for each in workers)
    with server.connection(REQUEST % b"huge"):
        server.wait_for_journal("closed")
        assert sum(each.memory_info().rss for each in workers) - before < 30_000_000
    assert server.journal.read_text().count("part") < 20


def test_only_so_many_are_open_at_once(server: Server) -> None:
    with server.connection(REQUEST % b"endless") as one, server.connection(REQUEST % b"endless") as two:
        assert one.recv(1)
        assert two.recv(1)
        answer = server.send(REQUEST % b"few")
        assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "MS503", "5")
    eventually(lambda: server.send(REQUEST % b"few").status == 200, "room for another one")


def test_streams_end_at_sigterm_without_the_drain_time(tmp_path: Path) -> None:
    with Server(tmp_path, limits={"drain_ms_max": 15_000}) as server:
        with server.connection(REQUEST % b"endless") as connection:
            assert connection.recv(1)
            started = time.monotonic()
            server.signal(signal.SIGTERM)
            while connection.recv(65_536):
                pass
            assert server.wait() == 0
            assert time.monotonic() - started < 10
        server.wait_for_journal("closed")


def test_a_connection_is_used_again_after_a_stream(server: Server) -> None:
    with server.connection(REQUEST % b"few") as connection:
        assert read_answer(connection).body == b"part 0\npart 1\npart 2\n"
        connection.sendall(b"GET /pid HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert read_answer(connection).status == 200
        assert is_closed(connection)


def test_a_unix_socket_has_streams_too(tmp_path: Path) -> None:
    with Server(tmp_path, uds=str(tmp_path / "listen")) as server:
        assert server.send(REQUEST % b"few").body == b"part 0\npart 1\npart 2\n"
