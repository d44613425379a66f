"""Whatever bytes a client sends, in whatever pieces, however it goes: the server is well, and nothing fails in it."""

import contextlib
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from serve_process import Server, eventually

pytestmark = pytest.mark.slow

KEY = b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
WISHES = [
    b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde",
    b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    b"POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nab",
    b"POST /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc",
    b"GET /stream?few HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /stream?endless HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /sleep?20 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    b"HEAD /version HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    b"GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    + KEY
    + b"\x81\x85\0\0\0\0hello",
]
CLIENTS = 1_500
PATIENCE_S = 0.05


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path, limits={"client_ms_max": 1_000}) as server:
        yield server


def test_nothing_that_is_sent_makes_anything_fail(server: Server) -> None:
    chance = random.Random(1)
    [worker] = psutil.Process(server.process.pid).children()
    server.get("/pid")
    files = worker.num_fds()
    for _ in range(CLIENTS):
        with contextlib.suppress(OSError):
            send(server, chance)
    eventually(lambda: worker.num_fds() <= files, "all connections to be closed")
    assert server.get("/pid").json == worker.pid
    # A mutation may have asked the fake application for what it fails at.
    told = [line for line in server.log() if line["level"] in ("warning", "error")]
    assert [line for line in told if "fake_app.py" not in line.get("exception", "")] == []


def send(server: Server, chance: random.Random) -> None:
    """Some requests, more or less right, over one connection, and perhaps a look at the answers."""
    data = b"".join(changed(chance.choice(WISHES), chance) for _ in range(chance.choice([1, 1, 2, 4])))
    with server.connect() as connection:
        connection.settimeout(PATIENCE_S)
        while data:
            size = chance.choice([1, 9, 60, len(data)])
            connection.sendall(data[:size])
            data = data[size:]
        until = time.monotonic() + chance.choice([0, PATIENCE_S])
        while time.monotonic() < until and connection.recv(65_536):
            pass
        if chance.random() < 0.3:  # goes without a goodbye
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def changed(request: bytes, chance: random.Random) -> bytes:
    made = bytearray(request)
    for _ in range(chance.choice([0, 0, 1, 1, 2, 4])):
        at = chance.randrange(len(made) + 1)
        match chance.randrange(5):
            case 0 if at < len(made):
                made[at] = chance.randrange(256)
            case 1:
                made[at:at] = bytes(chance.choices(b"\r\n\0 :;,%\xff0123456789abcdef", k=chance.randrange(1, 6)))
            case 2:
                del made[at : at + chance.randrange(1, 9)]
            case 3:
                made[at:at] = made[at : at + chance.randrange(1, 30)]
            case _:
                del made[at:]
    return bytes(made)
