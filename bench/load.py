"""Loads a server with wrk, one thread and 32 connections, and reads what it measured.

Every request of a case is built before the clock starts; wrk then sends them in random order. Never judges answers
beyond their status: `bench.check` compares them first.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

CONNECTIONS = 32

SCRIPT = """
local requests = {}

function init(args)
  math.randomseed(args[2])
  for line in io.lines(args[1]) do
    local fields = {}
    for field in (line .. "\\t"):gmatch("([^\\t]*)\\t") do fields[#fields + 1] = field end
    local headers = {}
    for i = 4, #fields - 1, 2 do headers[fields[i]] = fields[i + 1] end
    requests[#requests + 1] = wrk.format(fields[1], fields[2], headers, fields[3] ~= "" and fields[3] or nil)
  end
end

function request()
  return requests[math.random(#requests)]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests": %d, "elapsed_us": %d, "p50_us": %d, "p99_us": %d, "refused": %d, "broken": %d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
"""


class Request(msgspec.Struct, frozen=True):
    """One HTTP request. None of its parts may hold a tab or a line's end."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""


class Measurement(msgspec.Struct, frozen=True):
    """What one run gave. The latencies are None where the tool doesn't tell."""

    requests_per_s: float
    p50_ms: float | None = None
    p99_ms: float | None = None


class Summary(msgspec.Struct):
    requests: int
    elapsed_us: int
    p50_us: int
    p99_us: int
    refused: int
    broken: int


def find_wrk() -> str:
    """Where wrk is. Raises RuntimeError that says how to install it."""
    wrk = shutil.which("wrk")
    if wrk is None:
        raise RuntimeError("wrk is not installed. Debian and Ubuntu: apt-get install wrk. macOS: brew install wrk.")
    return wrk


def load(port: int, requests: Iterable[Request], seconds: float, seed: int = 1) -> Measurement:
    """Send the requests for so many seconds. Raises RuntimeError if any was refused or a connection broke."""
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory, "requests.lua")
        script.write_text(SCRIPT)
        file = Path(directory, "requests.tsv")
        file.write_text("".join(line(request) for request in requests))
        command = [
            find_wrk(),
            "-t1",
            f"-c{CONNECTIONS}",
            f"-d{max(1, round(seconds))}s",
            "--timeout=30s",
            "-s",
            str(script),
        ]
        command += [f"http://127.0.0.1:{port}", "--", str(file), str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"wrk failed: {done.stdout}{done.stderr}")
    summary = msgspec.json.decode(done.stdout.strip().splitlines()[-1], type=Summary)
    if summary.refused or summary.broken or not summary.requests:
        raise RuntimeError(f"not every request was answered: {done.stdout}")
    return Measurement(
        requests_per_s=summary.requests / summary.elapsed_us * 1e6,
        p50_ms=summary.p50_us / 1e3,
        p99_ms=summary.p99_us / 1e3,
    )


def line(request: Request) -> str:
    fields = [request.method, request.path, request.body]
    fields += [part for header in request.headers for part in header]
    return "\t".join(fields) + "\n"
