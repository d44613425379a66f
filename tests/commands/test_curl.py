"""The stand-in for curl sends and prints what curl does; where the machine has a curl, that one is asked the same."""

import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from commands.curl import search_path

STANDS_IN = str(Path(__file__).parent / "curl")
CURLS = [STANDS_IN, *filter(None, [shutil.which("curl")])]
FORM = "application/x-www-form-urlencoded"


class Echo(BaseHTTPRequestHandler):
    """Answers with the request that it got; 404 for a path that begins with /missing."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(headers.get("content-length", 0))).decode()
        del headers["host"], headers["user-agent"]
        said = json.dumps({"line": f"{self.command} {self.path}", "headers": headers, "body": body}).encode()
        self.send_response_only(404 if self.path.startswith("/missing") else 200)
        self.send_header("Content-Length", str(len(said)))
        self.send_header("X-Kept", "As It Is")
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_PATCH = do_DELETE = answer

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def run(command: str, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
    environment = {"PATH": search_path(), "HOME": "/nonexistent"}
    return subprocess.run([command, *arguments], capture_output=True, env=environment, timeout=60, check=False)


@pytest.mark.parametrize("command", CURLS)
@pytest.mark.parametrize(
    ("arguments", "line", "headers", "body"),
    [
        (["/films?select=a,b(c)&d=lt.1"], "GET /films?select=a,b(c)&d=lt.1", {}, ""),
        (["?a=\"<>'"], "GET /?a=\"<>'", {}, ""),
        (["/a", "-H", "Accept: text/csv", "-H", "X:  b:c"], "GET /a", {"accept": "text/csv", "x": "b:c"}, ""),
        (["/a", "-d", "{}"], "POST /a", {"content-length": "2", "content-type": FORM}, "{}"),
        (["/a", "-d", "a", "-d", "é"], "POST /a", {"content-length": "4", "content-type": FORM}, "a&é"),
        (
            ["/a", "-X", "PATCH", "-H", "content-type: application/json", "-d", "[]"],
            "PATCH /a",
            {"content-length": "2", "content-type": "application/json"},
            "[]",
        ),
        (["/a", "-X", "DELETE"], "DELETE /a", {}, ""),
        (["/missing"], "GET /missing", {}, ""),
    ],
)
def test_it_sends_what_curl_sends(  # noqa: PLR0917
    command: str, arguments: list[str], line: str, headers: dict[str, str], body: str, origin: str
) -> None:
    path, *options = arguments
    done = run(command, "-s", origin + path, *options)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"line": line, "headers": {"accept": "*/*"} | headers, "body": body}


@pytest.mark.parametrize("command", CURLS)
def test_it_prints_the_head_as_it_came(command: str, origin: str) -> None:
    head, _, body = run(command, "-si", f"{origin}/missing").stdout.partition(b"\r\n\r\n")
    assert head == b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\nX-Kept: As It Is" % len(body)


@pytest.mark.parametrize("command", CURLS)
def test_it_fails_where_curl_fails(command: str, origin: str) -> None:
    refused = run(command, "-sf", f"{origin}/missing")
    assert (refused.returncode, refused.stdout) == (22, b"")
    nobody = run(command, "-sS", "http://127.0.0.1:1/")
    assert (nobody.returncode, nobody.stdout) == (7, b"")
    assert nobody.stderr.startswith(b"curl: (7) ")


@pytest.mark.parametrize(
    "arguments",
    [["-K", "x"], ["-d", "@file"], ["-H", "Accept:"], ["-H", "Accept;"], ["--head"]],
    ids=lambda arguments: arguments[0],
)
def test_it_refuses_what_it_would_do_otherwise_than_curl(arguments: list[str], origin: str) -> None:
    done = run(STANDS_IN, origin, *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "http://127.0.0.1/[1-3]", "http://127.0.0.1/{a,b}", "http://a@b/"]
)
def test_it_refuses_urls_that_mean_more_to_curl(url: str) -> None:
    assert run(STANDS_IN, url).returncode == 2
