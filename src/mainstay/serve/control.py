"""What the parent and a worker say to each other, over a pair of sockets: one JSON object a line.

A worker that reads the end of the channel knows that its parent is gone.
"""

import asyncio
from typing import TypeAlias

import msgspec

from mainstay.core.limits import Limits
from mainstay.observe.log import LogFormat

LINE_BYTES_MAX = 1 << 20


class Assignment(msgspec.Struct, frozen=True, tag=True):
    """What a worker is to serve. `listener` is an inherited file descriptor; `limits` None are the application's."""

    target: str
    worker: int
    listener: int
    module_path: list[str]
    limits: Limits | None = None
    log_format: LogFormat = LogFormat.AUTO
    log_level: str = "info"
    log_requests: bool = False


class Drain(msgspec.Struct, frozen=True, tag=True):
    """Fail readiness; keep answering."""


class Stop(msgspec.Struct, frozen=True, tag=True):
    """Accept no more; finish what is in flight; end."""


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The application has started. `drain_ms_max` is its limit."""

    drain_ms_max: int


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The application can't be served; `message` is one line."""

    message: str


ToWorker: TypeAlias = Assignment | Drain | Stop
FromWorker: TypeAlias = Ready | Failed


def write(writer: asyncio.StreamWriter, message: ToWorker | FromWorker) -> None:
    """Say it; to a peer that is gone, nothing is said."""
    if not writer.is_closing():
        writer.write(msgspec.json.encode(message) + b"\n")


async def hear_worker(reader: asyncio.StreamReader) -> FromWorker | None:
    """What the worker says next; None when it has gone."""
    line = await _line(reader)
    return msgspec.json.decode(line, type=FromWorker) if line else None


async def hear_parent(reader: asyncio.StreamReader) -> ToWorker | None:
    """What the parent says next; None when it has gone."""
    line = await _line(reader)
    return msgspec.json.decode(line, type=ToWorker) if line else None


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readline()
    except (ConnectionError, asyncio.IncompleteReadError):
        return b""
