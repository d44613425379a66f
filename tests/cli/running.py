"""A command that keeps running: what it printed so far, and requests to what it serves."""

import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx

from cli.conftest import environment

WAIT_S = 60
"""For a machine with a lot else to do; nothing waits as long where all is well."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Running:
    """The process, with all it printed in `text`."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.text = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.text += line

    def wait_for(self, *words: str, after: int = 0) -> str:
        """What was printed from place `after` on, once all the words are in it."""

        def look() -> str | None:
            ended = not self._reader.is_alive()
            text = self.text[after:]
            assert not ended or all(word in text for word in words), f"it ended, and {words} not in:\n{text}"
            return text if all(word in text for word in words) else None

        return wait_until(look, otherwise=lambda: f"{words} not in:\n{self.text[after:]}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """The exit code, once it has ended."""
        self.process.send_signal(number)
        code = self.process.wait(WAIT_S)
        self._reader.join(WAIT_S)
        return code


def wait_until(look: Callable[[], str | None], otherwise: Callable[[], str]) -> str:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        found = look()
        if found is not None:
            return found
        time.sleep(0.05)
    raise AssertionError(otherwise())


def wait_until_answering(url: str, status: int = 200) -> None:
    """Until a GET of it has that status."""

    def look() -> str | None:
        with contextlib.suppress(httpx.TransportError):
            return "answers" if httpx.get(url).status_code == status else None
        return None

    wait_until(look, otherwise=lambda: f"{url} does not answer {status}")


@contextlib.contextmanager
def running(project: Path, *arguments: str, **variables: str) -> Iterator[Running]:
    """`mainstay` with these arguments, killed at the latest when the block ends."""
    process = subprocess.Popen(
        [sys.executable, "-m", "mainstay", *arguments],
        cwd=project,
        env=environment(PYTHONUNBUFFERED="1", **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    started = Running(process)
    try:
        yield started
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(WAIT_S)
            except subprocess.TimeoutExpired:
                process.kill()
