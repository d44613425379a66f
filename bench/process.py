"""Starts a server as a process of its own, waits until it answers, and stops it. Pins and tunes nothing."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIRECTORY = ROOT / ".mainstay" / "bench"
"""Where the benchmark keeps its databases and the servers' logs."""

START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 10


class Process:
    """One server process, its output in a file of its own."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.name = name
        self.log = DIRECTORY / f"{name}.log"
        with self.log.open("wb") as output:
            self.popen = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self, port: int, path: str) -> None:
        """Until the server answers `path` with a status below 500. Raises RuntimeError if it ends or takes too long."""
        give_up = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < give_up and self.popen.poll() is None:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if get(port, path) < 500:
                    return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"{self.name} didn't start; the end of {self.log}:\n{self.log.read_text()[-2000:]}")

    def stop(self) -> None:
        """End the process and its children, politely at first."""
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(STOP_SECONDS_MAX)
            except subprocess.TimeoutExpired:
                print(f"{self.name} didn't stop in {STOP_SECONDS_MAX} s", file=sys.stderr)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self.popen.wait()


def get(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
