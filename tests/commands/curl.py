"""Curl for a machine that has none: the options that the pages use, and a refusal of any other.

The command `curl` beside this file runs it. It stands behind the machine's own commands in `search_path`, so that the
true curl goes first where there is one; `test_curl.py` holds both to the same words.
"""

import argparse
import os
import sys
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

NO_CONNECTION, REFUSED_BY_SERVER, NOT_UNDERSTOOD = 7, 22, 2
"""Curl's own exit codes (curl(1), EXIT CODES)."""


def search_path() -> str:
    """A PATH: the commands that are installed with us, the machine's, and last what stands in for those it has not."""
    installed, here = Path(sys.executable).parent, Path(__file__).parent
    return os.pathsep.join([str(installed), os.environ["PATH"], str(here)])


def main(arguments: list[str]) -> int:
    asked = parse(arguments)
    url = urlsplit(asked.url)
    connection = HTTPConnection(url.hostname or "", url.port or 80)
    body = "&".join(asked.data).encode() if asked.data else None
    connection.putrequest(
        asked.request or ("GET" if body is None else "POST"),
        (url.path or "/") + (f"?{url.query}" if url.query else ""),
        skip_accept_encoding=True,
    )
    for name, value in headers_of(asked.header, body):
        connection.putheader(name, value.encode())
    try:
        connection.endheaders(body)
    except OSError as error:
        print(f"curl: ({NO_CONNECTION}) Failed to connect to {url.netloc}: {error}", file=sys.stderr)
        return NO_CONNECTION
    return show(connection.getresponse(), head=asked.include, fail=asked.fail)


def parse(arguments: list[str]) -> argparse.Namespace:
    """Exits with a line of what it does not understand, rather than do something else than curl does."""
    parser = argparse.ArgumentParser(prog="curl", allow_abbrev=False, add_help=False, usage=argparse.SUPPRESS)
    parser.add_argument("url")
    parser.add_argument("-X", "--request")
    parser.add_argument("-H", "--header", action="append", default=[])
    parser.add_argument("-d", "--data", action="append", default=[])
    parser.add_argument("-i", "--include", action="store_true")
    parser.add_argument("-f", "--fail", action="store_true")
    parser.add_argument("-s", "--silent", action="store_true")
    parser.add_argument("-S", "--show-error", action="store_true")
    asked = parser.parse_args(arguments)
    if not asked.url.startswith("http://") or set(asked.url) & set("[]{}#@ "):
        parser.error(f"this stand-in for curl does not understand the URL {asked.url!r}; install curl")
    if any(data.startswith("@") for data in asked.data):
        parser.error("this stand-in for curl reads no file; install curl")
    if any(not header.partition(":")[2].strip() for header in asked.header):
        parser.error("this stand-in for curl takes headers as 'Name: value' alone; install curl")
    return asked


def headers_of(given: list[str], body: bytes | None) -> list[tuple[str, str]]:
    """Those given, and curl's own where they aren't given."""
    pairs = [(name, value.lstrip()) for name, _, value in (line.partition(":") for line in given)]
    own = {"User-Agent": "curl", "Accept": "*/*"}
    if body is not None:
        own |= {"Content-Length": str(len(body)), "Content-Type": "application/x-www-form-urlencoded"}
    names = {name.lower() for name, _ in pairs}
    return [pair for pair in own.items() if pair[0].lower() not in names] + pairs


def show(response: HTTPResponse, *, head: bool, fail: bool) -> int:
    body = response.read()
    if fail and response.status >= 400:
        print(f"curl: ({REFUSED_BY_SERVER}) The requested URL returned error: {response.status}", file=sys.stderr)
        return REFUSED_BY_SERVER
    if head:
        version = "1.1" if response.version == 11 else "1.0"
        lines = [f"HTTP/{version} {response.status} {response.reason}"]
        lines += [f"{name}: {value}" for name, value in response.getheaders()]
        sys.stdout.write("\r\n".join([*lines, "", ""]))
        sys.stdout.flush()
    sys.stdout.buffer.write(body)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
