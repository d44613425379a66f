"""WebSockets of the real process: what a good client sees, and what a rude one can't do."""

import contextlib
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from serve_process import Server, eventually, is_closed
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect, unix_connect

pytestmark = pytest.mark.slow

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="
HEAD = (
    b"GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %b\r\n\r\n"
)
LIMITS = {"socket_message_bytes_max": 1_000, "client_ms_max": 500}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path, limits=LIMITS) as server:
        yield server


@pytest.fixture
def pinging(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path, limits={**LIMITS, "socket_ping_ms": 800}) as server:
        yield server


def opened(server: Server, path: str = "/socket", **options: Any) -> ClientConnection:
    return connect(f"ws{server.url.removeprefix('http')}{path}", **options)


def closing_code(client: ClientConnection) -> int:
    with contextlib.suppress(ConnectionClosed):
        while True:
            client.recv(10)
    assert client.close_code is not None
    return client.close_code


def test_messages_go_both_ways_whole_and_in_order(server: Server) -> None:
    with opened(server, subprotocols=["other", "echo"]) as client:
        assert client.subprotocol == "echo"
        texts = [f"{number} zwölf" * number for number in range(50)]
        for text in texts:
            client.send(text)
        assert [client.recv(10) for _ in texts] == texts
        client.send(["a message ", "in ", "parts"])
        assert client.recv(10) == "a message in parts"


def test_many_sockets_come_and_go(server: Server) -> None:
    [worker] = psutil.Process(server.process.pid).children()
    before = worker.num_fds()
    for number in range(50):
        with opened(server) as client:
            client.send(str(number))
            assert client.recv(10) == str(number)
    server.wait_for_journal("over", 50)
    eventually(lambda: worker.num_fds() <= before, "their descriptors to be closed")
    eventually(lambda: all(each.status == "LISTEN" for each in worker.net_connections()), "connections to be closed")


@pytest.mark.parametrize(
    ("message", "code"),
    [("goodbye", 4400), ("bye", 1000), ("bug", 1011), (b"bytes", 1003), ("x" * 1_001, 1009), (["x" * 600] * 2, 1009)],
)
def test_a_socket_is_closed_with_a_code(server: Server, message: Any, code: int) -> None:
    with opened(server) as client:
        client.send(message)
        assert closing_code(client) == code
    server.wait_for_journal("over")


def test_a_reason_that_is_too_long_is_cut(server: Server) -> None:
    with opened(server) as client:
        client.send("goodbye")
        with pytest.raises(ConnectionClosed) as caught:
            client.recv(10)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.reason == "x" * 123


def test_a_text_that_is_none_closes_it(server: Server) -> None:
    with opened(server) as client:
        client.send(b"\xff", text=True)
        assert closing_code(client) == 1007


def test_a_bug_is_told_of_in_the_log_alone(server: Server) -> None:
    with opened(server) as client:
        client.send("bug")
        with pytest.raises(ConnectionClosed) as caught:
            client.recv(10)
        assert "secret" not in str(caught.value)
    assert "a secret detail" in server.wait_for_log("request failed")["exception"]


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (KEY, b"short", 400),
        (KEY, b"not base64!", 400),
        (KEY, KEY[:-2] + b"\xff=", 400),
        (b"Version: 13", b"Version: 8", 426),
        (b"GET", b"POST", 400),
        (b"/socket", b"/nowhere", 404),
    ],
)
def test_what_is_no_handshake_is_refused(server: Server, old: bytes, new: bytes, status: int) -> None:
    answer = server.send((HEAD % KEY).replace(old, new))
    assert answer.status == status
    assert answer.json["code"] == f"MS{status}"


def test_a_request_that_asks_for_no_websocket_is_an_ordinary_one(server: Server) -> None:
    request = b"GET /pid HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n"
    assert server.send(request).status == 200


def test_a_client_that_answers_no_ping_is_hung_up_on(pinging: Server) -> None:
    with pinging.connection(HEAD % KEY) as connection:
        received = b""
        while part := _read(connection):
            received += part
        assert received.endswith(b"\x89\x00\x89\x00")  # two pings
    pinging.wait_for_journal("over")


def test_a_client_that_answers_pings_stays(pinging: Server) -> None:
    with opened(pinging, ping_interval=None) as client:
        time.sleep(3)
        client.send("still here")
        assert client.recv(10) == "still here"


@pytest.mark.parametrize("begun", [b"\x81\xfe\x03\xe8\0\0\0\0", b"\x01\x81\0\0\0\0x"])
def test_a_client_that_takes_too_long_over_a_message_is_hung_up_on(pinging: Server, begun: bytes) -> None:
    pong = b"\x8a\x80\0\0\0\0" if begun[0] == 1 else b"x"  # between the frames of a message, or in the midst of one
    with pinging.connection(HEAD % KEY) as connection:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 101 ")
        connection.sendall(begun)
        connection.settimeout(0.1)
        eventually(lambda: _is_cut_after(connection, pong), "the connection to be cut")
    pinging.wait_for_journal("over")


def test_a_socket_is_logged_when_it_is_over_and_so_is_one_that_was_refused(tmp_path: Path) -> None:
    with Server(tmp_path, log_requests=True) as server:
        with opened(server) as client:
            client.send("a secret message")
            assert client.recv(10) == "a secret message"
        assert server.send((HEAD % KEY).replace(b"/socket", b"/nowhere")).status == 404
        eventually(lambda: len([line for line in server.log() if line["event"] == "request"]) == 2, "two lines")
        lines = {line["path"]: line["status"] for line in server.log() if line["event"] == "request"}
        assert lines == {"/socket": 101, "/nowhere": 404}
        assert "secret" not in server.stderr.read_text()


def test_an_unmasked_frame_is_refused(server: Server) -> None:
    with server.connection(HEAD % KEY) as connection:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 101 ")
        connection.sendall(b"\x81\x01x")
        assert connection.recv(65_536)[2:4] == b"\x03\xea"  # 1002
        assert is_closed(connection)


def test_a_client_that_reads_nothing_costs_what_its_connection_buffers_and_is_hung_up_on(tmp_path: Path) -> None:
    with Server(tmp_path, limits=LIMITS) as server:
        [worker] = psutil.Process(server.process.pid).children()
        before = worker.memory_info().rss
        with server.connection(HEAD % KEY) as connection:
            assert connection.recv(65_536).startswith(b"HTTP/1.1 101 ")
            connection.sendall(b"\x81\x85\0\0\0\0flood")
            server.wait_for_journal("over")
            assert worker.memory_info().rss - before < 30_000_000
    assert server.journal.read_text().count("part") < 20


def test_a_client_that_sends_without_reading_is_not_read_further(server: Server) -> None:
    with server.connection(HEAD % KEY) as connection:
        assert connection.recv(65_536).startswith(b"HTTP/1.1 101 ")
        messages = b"\x81\xfe\x03\xe8\0\0\0\0" + b"x" * 1_000
        with pytest.raises(OSError, match=r"reset|Broken pipe|timed out"):
            connection.sendall(messages * 100_000)


def test_only_so_many_are_open_at_once(tmp_path: Path) -> None:
    with Server(tmp_path, limits={"sockets_max": 2}) as server:
        with opened(server), opened(server):
            with pytest.raises(InvalidStatus) as caught, opened(server):
                pass
            assert caught.value.response.status_code == 503
        server.wait_for_journal("over", 2)
        with opened(server) as client:
            client.send("room")
            assert client.recv(10) == "room"


def test_sockets_leave_connections_to_requests_where_files_are_few(tmp_path: Path) -> None:
    with Server(tmp_path, files=168) as server, contextlib.ExitStack() as sockets:  # 40 connections, of which 30 last
        for _ in range(30):
            sockets.enter_context(opened(server))
        with pytest.raises(InvalidStatus) as caught, opened(server):
            pass
        assert caught.value.response.status_code == 503
        assert server.get("/pid").status == 200


def test_at_sigterm_sockets_are_told_to_go_elsewhere(tmp_path: Path) -> None:
    with Server(tmp_path, limits={"drain_ms_max": 15_000}) as server, opened(server) as client:
        client.send("x")
        assert client.recv(10) == "x"
        started = time.monotonic()
        server.signal(signal.SIGTERM)
        assert closing_code(client) == 1001
        assert server.wait() == 0
        assert time.monotonic() - started < 10


def test_a_unix_socket_has_sockets_too(tmp_path: Path) -> None:
    path = str(tmp_path / "listen")
    with Server(tmp_path, uds=path), unix_connect(path, "ws://localhost/socket") as client:
        client.send("over a file")
        assert client.recv(10) == "over a file"


def test_what_comes_right_behind_the_handshake_is_not_lost(server: Server) -> None:
    with server.connection(HEAD % KEY + b"\x81\x85\0\0\0\0early") as connection:
        received = b""
        while not received.endswith(b"\x81\x05early"):
            received += connection.recv(65_536)


def test_sockets_and_requests_do_not_take_each_others_connections(server: Server) -> None:
    clients = [opened(server) for _ in range(20)]
    plain = [server.connect() for _ in range(20)]
    for number, (client, connection) in enumerate(zip(clients, plain, strict=True)):
        client.send(str(number))
        connection.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
    for number, (client, connection) in enumerate(zip(clients, plain, strict=True)):
        assert client.recv(10) == str(number)
        assert _read(connection).startswith(b"HTTP/1.1 200 OK")
        client.close()
        connection.close()


def _is_cut_after(connection: socket.socket, sent: bytes) -> bool:
    """Whether the server hung up, instead of taking that as well."""
    try:
        connection.sendall(sent)
        return connection.recv(65_536) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def _read(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except ConnectionResetError:
        return b""
