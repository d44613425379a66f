"""The life of the real process: start, drain, reload, and every way in which a part of it can die."""

import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from serve_process import PATIENCE_S, Server, eventually, is_closed, read_answer

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_loses_no_request(workers: int, tmp_path: Path) -> None:
    with Server(tmp_path, workers=workers, drain_grace_ms=1_500) as server, ThreadPoolExecutor(10) as threads:
        idle = server.connect()
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        read_answer(idle)
        silent = server.connect()
        asleep = [threads.submit(server.get, "/sleep?2000") for _ in range(8)]
        server.wait_for_journal("asleep", 8)

        server.signal(signal.SIGTERM)
        eventually(lambda: server.get("/health/ready").json == {"status": "draining"}, "readiness to fail")
        assert server.get("/health/ready").status == 503
        assert server.get("/late").status == 200  # until load balancers have noticed, requests are taken
        assert server.get("/health/live").status == 200

        assert [answer.result().status for answer in asleep] == [200] * 8
        assert server.wait() == 0
        assert is_closed(idle)
        assert is_closed(silent)
        with pytest.raises(ConnectionRefusedError):
            server.connect()
        assert server.journal.read_text().splitlines().count("stop") == workers
        assert server.log()[-1] == {**server.log()[-1], "event": "stopped", "killed": 0}


def test_new_connections_are_refused_while_requests_in_flight_finish(tmp_path: Path) -> None:
    with Server(tmp_path) as server, server.connection(b"GET /sleep?1500 HTTP/1.1\r\nHost: x\r\n\r\n") as connection:
        server.wait_for_journal("asleep")
        server.signal(signal.SIGTERM)
        eventually(lambda: not can_connect(server), "new connections to be refused")
        assert "stop" not in server.journal.read_text()
        answer = read_answer(connection)
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert server.wait() == 0


def can_connect(server: Server) -> bool:
    try:
        server.connect().close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_body_that_is_on_its_way_at_sigterm_is_still_taken(tmp_path: Path) -> None:
    head = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab"
    with Server(tmp_path) as server, server.connection(head) as connection:
        server.get("/")  # so that the other connection has been accepted by now
        server.signal(signal.SIGTERM)
        server.wait_for_log("draining")
        connection.sendall(b"cd")
        assert read_answer(connection).body == b"abcd"
        assert server.wait() == 0


def test_what_is_not_done_within_the_drain_time_is_cancelled_and_told_so(tmp_path: Path) -> None:
    limits = {"drain_ms_max": 1_000}
    with Server(tmp_path, limits=limits) as server:
        with server.connection(b"GET /cancellable HTTP/1.1\r\nHost: x\r\n\r\n") as connection:
            server.wait_for_journal("began")
            server.signal(signal.SIGTERM)
            answer = read_answer(connection)
        assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "MS503", "1")
        server.wait_for_journal("cancelled")
        assert server.wait() == 0


def test_a_client_that_never_finishes_its_head_does_not_outlast_the_drain_time(tmp_path: Path) -> None:
    with Server(tmp_path, limits={"drain_ms_max": 600}) as server, server.connection(b"GET / HT"):
        server.get("/")
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
        assert "stop" in server.journal.read_text()


def test_a_worker_that_hangs_is_killed_after_the_drain_time(tmp_path: Path) -> None:
    with Server(tmp_path, limits={"drain_ms_max": 100}) as server:
        with server.connection(b"GET /stall?60000 HTTP/1.1\r\nHost: x\r\n\r\n"):
            server.wait_for_journal("stalled")
            server.signal(signal.SIGTERM)
            assert server.wait() == 1
        assert last_line(server) == "mainstay: 1 of 1 workers had to be killed"


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    with Server(tmp_path, workers=2) as server, server.connection(b"GET /cancellable HTTP/1.1\r\nHost: x\r\n\r\n"):
        server.wait_for_journal("began")
        server.signal(signal.SIGTERM)
        server.wait_for_log("draining")
        server.signal(signal.SIGINT)
        assert server.wait() == 1
        assert "cancelled" not in server.journal.read_text()


def test_control_c_in_a_terminal_drains_too(tmp_path: Path) -> None:
    with Server(tmp_path, workers=2) as server:
        with server.connection(b"GET /sleep?800 HTTP/1.1\r\nHost: x\r\n\r\n") as connection:
            server.wait_for_journal("asleep")
            os.killpg(server.process.pid, signal.SIGINT)
            assert read_answer(connection).status == 200
        assert server.wait() == 0


def test_a_signal_to_every_process_at_once_drains_like_one_to_the_parent(tmp_path: Path) -> None:
    """systemd's KillMode=control-group, and `pkill`."""
    with Server(tmp_path, workers=2, drain_grace_ms=1_500) as server:
        with server.connection(b"GET /sleep?2000 HTTP/1.1\r\nHost: x\r\n\r\n") as connection:
            server.wait_for_journal("asleep")
            for process in [psutil.Process(server.process.pid), *workers_of(server)]:
                process.send_signal(signal.SIGTERM)
            eventually(lambda: server.get("/health/ready").status == 503, "readiness to fail")
            assert server.get("/late").status == 200
            assert read_answer(connection).status == 200
        assert server.wait() == 0


def workers_of(server: Server) -> list[psutil.Process]:
    return psutil.Process(server.process.pid).children()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_before_it_has_started_ends_it(number: signal.Signals, tmp_path: Path) -> None:
    server = Server(tmp_path)
    with server.process:
        eventually(lambda: psutil.Process(server.process.pid).children(), "a worker process")
        os.killpg(server.process.pid, number)
        assert server.wait() == 0
        assert [line["event"] for line in server.log()] == ["draining", "stopped"]
        assert len(server.stderr.read_text().splitlines()) == 2


def test_a_worker_that_is_killed_is_replaced_and_no_connection_is_refused_meanwhile(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        first = server.get("/pid").json
        os.kill(first, signal.SIGKILL)
        server.wait_for_log("worker exited")
        second = server.get("/pid").json  # waits in the listening socket's queue, which outlives the worker
        assert second != first
        assert {"pid": first, "code": -9}.items() <= server.wait_for_log("worker exited").items()


def test_other_workers_go_on_while_one_is_replaced(tmp_path: Path) -> None:
    with Server(tmp_path, workers=2) as server:
        killed, other = [worker.pid for worker in workers_of(server)]
        os.kill(killed, signal.SIGKILL)
        eventually(lambda: len({server.get("/pid").json for _ in range(20)} - {killed}) == 2, "two workers again")
        assert psutil.pid_exists(other)


def test_it_gives_up_when_no_worker_can_be_kept_alive(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    with Server(tmp_path, {"FAKE_BROKEN_IF": str(broken)}, backoff=[0]) as server:
        worker = server.get("/pid").json
        broken.touch()
        os.kill(worker, signal.SIGKILL)
        assert server.wait() == 1
        errors = [line["message"] for line in server.log() if line["event"] == "worker could not start"]
        assert len(errors) == 5
        assert all("fake_app.py" in error and error.endswith("ValueError: broken") for error in errors)
        assert last_line(server) == "mainstay: workers keep ending, the last one with code -9"


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    with Server(tmp_path, workers=2) as server:
        workers = workers_of(server)
        server.process.kill()
        _, alive = psutil.wait_procs(workers, timeout=PATIENCE_S)
        assert all(worker.status() == psutil.STATUS_ZOMBIE for worker in alive)  # nobody may be there to reap them
        assert server.journal.read_text().splitlines().count("stop") == 2


def test_sighup_loads_new_code_and_refuses_nobody_meanwhile(tmp_path: Path) -> None:
    version = tmp_path / "version"
    version.write_text("1")
    with Server(tmp_path, {"FAKE_VERSION": str(version)}, workers=2) as server:
        assert server.get("/version").json == 1
        version.write_text("2")
        server.signal(signal.SIGHUP)
        answers = []

        def both_are_new() -> bool:
            answers.append(server.get("/version"))
            return any(line["event"] == "reloaded" for line in server.log())

        eventually(both_are_new, "the workers to be replaced")
        assert {answer.status for answer in answers} == {200}
        assert {server.get("/version").json for _ in range(10)} == {2}


def test_a_reload_lets_the_old_worker_finish(tmp_path: Path) -> None:
    with Server(tmp_path) as server, server.connection(b"GET /sleep?1500 HTTP/1.1\r\nHost: x\r\n\r\n") as connection:
        server.wait_for_journal("asleep")
        server.signal(signal.SIGHUP)
        assert read_answer(connection).status == 200
        server.wait_for_log("reloaded")


def test_sigterm_in_the_midst_of_a_reload_loses_no_request_either(tmp_path: Path) -> None:
    with Server(tmp_path) as server, server.connection(b"GET /sleep?3000 HTTP/1.1\r\nHost: x\r\n\r\n") as connection:
        server.wait_for_journal("asleep")
        server.signal(signal.SIGHUP)
        server.wait_for_journal("start", 2)
        eventually(lambda: server.get("/pid").json != psutil.Process(server.process.pid).children()[0].pid, "the heir")
        server.signal(signal.SIGTERM)
        assert read_answer(connection).status == 200
        assert server.wait() == 0


def test_new_code_that_cannot_start_leaves_the_old_in_place(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    with Server(tmp_path, {"FAKE_BROKEN_IF": str(broken)}, workers=2) as server:
        before = {worker.pid for worker in workers_of(server)}
        broken.touch()
        server.signal(signal.SIGHUP)
        assert server.wait_for_log("worker could not start")["message"].endswith("ValueError: broken")
        assert server.get("/").status == 200
        broken.unlink()
        server.signal(signal.SIGHUP)
        server.wait_for_log("reloaded")
        assert [line["event"] for line in server.log()].count("reloaded") == 1
        assert server.get("/").status == 200
        assert not before & {worker.pid for worker in workers_of(server)}


def test_a_unix_socket_serves_several_workers_and_is_gone_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(path))
    stale.close()
    with Server(tmp_path, uds=str(path), workers=2) as server:
        assert server.url == f"unix:{path}"
        assert server.get("/x").json["path"] == "/x"
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
        assert not path.exists()


def last_line(server: Server) -> str:
    return server.stderr.read_text().splitlines()[-1]


FAILURES: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "no module": ({"target": "nowhere.to.be:found"}, {}, "there is no module 'nowhere.to.be' in "),
    "no attribute": ({"target": "fake_app:nothing"}, {}, "module 'fake_app' has no 'nothing'"),
    "no application": ({"target": "fake_app:not_an_app"}, {}, "fake_app:not_an_app is a int, which can't be served"),
    "a bug": ({}, {"FAKE_IMPORT_FAILS": "1"}, "fake_app.py:"),
    "a declaration": (
        {"workers": 2},
        {"FAKE_DECLARATION_FAILS": "1"},
        "policy films: there is no column 'titel' (hint: did you mean 'title'?)",
    ),
    "a start": ({"workers": 2}, {"FAKE_START_FAILS": "1"}, "the database does not answer (hint: Is it running?)"),
    "a foreign host": ({"host": "192.0.2.1"}, {}, "can't listen on 192.0.2.1:0: "),
    "a folder": ({"uds": "/no/such/folder/socket"}, {}, "can't listen on /no/such/folder/socket: No such file"),
}


@pytest.mark.parametrize(("options", "environment", "line"), FAILURES.values(), ids=FAILURES)
def test_where_it_cannot_start_one_line_says_why(
    options: dict[str, Any], environment: dict[str, str], line: str, tmp_path: Path
) -> None:
    server = Server(tmp_path, environment, **options)
    assert server.wait() == 1
    text = server.stderr.read_text()
    assert text.count("\n") == 1
    assert text.startswith(f"mainstay: {line}")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_port_in_use_is_noticed(workers: int, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=workers > 1) as other:
        port = other.getsockname()[1]
        server = Server(tmp_path, port=port, workers=workers)
        assert server.wait() == 1
        assert last_line(server) == f"mainstay: can't listen on 127.0.0.1:{port}: something else does already"


def test_a_unix_socket_in_use_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        server = Server(tmp_path, uds=str(path))
        assert server.wait() == 1
        assert last_line(server) == f"mainstay: can't listen on {path}: something else does already"
        assert path.exists()


def test_requests_are_logged_on_request_without_values_tokens_and_bodies(tmp_path: Path) -> None:
    secret = "Sw0rdfish"
    with Server(tmp_path, log_requests=True, log_level="debug", limits={"url_bytes_max": 60}) as server:
        for path in (f"/films?name=eq.{secret}&select=id", f"/bug?x={secret}", "/" + "x" * 100):
            server.send(
                f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\nCookie: {secret}\r\n"
                f"Content-Length: {len(secret)}\r\n\r\n{secret}".encode()
            )
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
        lines = [line for line in server.log() if line["event"] == "request"]
        assert [(line["method"], line["status"], line["role"]) for line in lines] == [
            ("POST", 200, "somebody"),
            ("POST", 500, None),
            ("POST", 414, None),
        ]
        assert lines[0]["path"] == "/films"
        assert lines[0]["parameters"] == ["name", "select"]
        assert lines[0]["ms"] > 0
        assert secret not in server.stderr.read_text()


def test_requests_are_not_logged_unless_asked_for(tmp_path: Path) -> None:
    with Server(tmp_path) as server:
        server.get("/films")
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
        assert [line["event"] for line in server.log()] == ["started", "draining", "stopped"]


def test_every_log_line_is_json(tmp_path: Path) -> None:
    with Server(tmp_path, log_level="debug") as server:
        server.get("/bug")
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
        assert len(server.log()) == len(server.stderr.read_text().splitlines())
