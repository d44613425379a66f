"""A small application for the tests to serve: slow answers, echoes, bugs, and a journal of what happened to it.

Importable as `fake_app` from this folder. Environment variables make it misbehave, each named where it is read.
"""

import asyncio
import itertools
import json
import os
import time
from collections.abc import AsyncGenerator
from pathlib import Path

from mainstay.core.exchange import Request, Response, Socket, Upgrade
from mainstay.core.limits import Limits
from mainstay.core.problem import DeclarationError, Problem

JSON = [("content-type", "application/json")]
FIXED = {
    "/nothing": Response(204, []),
    "/empty": Response(200, []),
    "/split": Response(200, [("x-header", "a\r\nset-cookie: b")], b"1"),
}


class FakeApplication:
    """`/sleep?ms`, `/echo`, `/bug`, `/cancellable`, `/pid`, `/version`, what is `FIXED`; else what it was asked."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.is_ready = True

    async def start(self) -> None:
        journal("start")
        if "FAKE_START_FAILS" in os.environ:
            raise Problem("MS503", "the database does not answer", hint="Is it running?")

    async def stop(self) -> None:
        journal("stop")

    async def ready(self) -> bool:
        match os.environ.get("FAKE_READY", "yes"):
            case "no":
                return False
            case "bug":
                raise RuntimeError("no ready")
            case "never":
                await asyncio.sleep(60)
        return True

    async def handle(self, request: Request) -> Response:
        match request.path:
            case "/sleep":
                journal("asleep")
                await asyncio.sleep(int(request.query) / 1000)
                return Response(200, JSON, b'"slept"', "sleeper")
            case "/cancellable":
                return await self.cancellable(request)
            case "/echo":
                return Response(200, [("content-type", "application/octet-stream")], request.body)
            case "/length":
                return Response(200, JSON, b"%d" % len(request.body))
            case "/bug":
                raise KeyError("a secret detail")
            case "/problem":
                raise Problem("MS400", "raised by mistake")
            case "/pid":
                return Response(200, JSON, b"%d" % os.getpid())
            case "/version":
                return Response(200, JSON, VERSION.encode())
            case "/stall":
                journal("stalled")
                time.sleep(int(request.query) / 1000)  # a bug of the team's: it blocks the loop
                return Response(200, JSON, b"1")
            case "/stream":
                return Response(200, [("content-type", "text/event-stream")], stream=parts(request.query))
            case "/large":
                return Response(200, [("content-type", "application/octet-stream")], b"x" * int(request.query))
            case path if path in FIXED:
                return FIXED[path]
        seen = {
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "body": request.body.decode("latin-1"),
            "authorization": request.headers.get("authorization"),
        }
        return Response(200, JSON, json.dumps(seen).encode(), "somebody")

    async def connect(self, request: Request) -> Response | Upgrade:
        if request.path != "/socket":
            raise Problem("MS404", "no such socket")
        return Upgrade("echo" if "echo" in (request.headers.get("sec-websocket-protocol") or "") else None, converse)

    async def cancellable(self, request: Request) -> Response:
        journal("began")
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            journal("cancelled")
            raise
        return Response(200, JSON, b"1")

    def refuse(self, problem: Problem, request: Request) -> Response:
        body = {"code": problem.code, "message": problem.message, "details": problem.details}
        headers = list(JSON)
        if problem.retry_after_s is not None:
            headers.append(("retry-after", str(problem.retry_after_s)))
        return Response(int(problem.code[2:]), headers, json.dumps(body).encode())


async def parts(kind: str) -> AsyncGenerator[bytes, None]:
    """`few`: three of them; `endless`; `broken`: one, and then a bug; `huge`: megabytes without an end."""
    journal("streaming")
    try:
        for number in itertools.count():
            if kind == "few" and number == 3:
                return
            if kind == "broken" and number == 1:
                raise KeyError("a secret detail")
            yield b"x" * 1_000_000 if kind == "huge" else b"part %d\n" % number
            journal("part")
            if kind != "huge":
                await asyncio.sleep(0.01)
    finally:
        journal("closed")


async def converse(socket: Socket) -> None:
    """Echoes; `bug` is one, `bye` ends it, `goodbye` closes it, `flood` sends without an end."""
    flooding: list[asyncio.Task[None]] = []
    try:
        while (message := await socket.receive()) is not None:
            match message:
                case "bug":
                    raise KeyError("a secret detail")
                case "bye":
                    return
                case "goodbye":
                    socket.close(4400, "x" * 200)
                case "flood":
                    flooding.append(asyncio.create_task(flood(socket)))
                case _:
                    await socket.send(message.encode())
    finally:
        journal("over")
        for task in flooding:
            task.cancel()


async def flood(socket: Socket) -> None:
    while True:
        await socket.send(b"x" * 1_000_000)
        journal("part")
        await asyncio.sleep(0)


def journal(line: str) -> None:
    """Append a line to the file that FAKE_JOURNAL names."""
    if "FAKE_JOURNAL" in os.environ:
        with Path(os.environ["FAKE_JOURNAL"]).open("a") as file:
            file.write(f"{line}\n")


def limits() -> Limits:
    """Limits from FAKE_LIMITS, a JSON object."""
    return Limits(**json.loads(os.environ.get("FAKE_LIMITS", "{}")))


if "FAKE_DECLARATION_FAILS" in os.environ:
    raise DeclarationError("there is no column 'titel'", where="policy films", hint="did you mean 'title'?")
if "FAKE_IMPORT_FAILS" in os.environ:
    raise ValueError("no such thing\nin two lines")

if "FAKE_BROKEN_IF" in os.environ and Path(os.environ["FAKE_BROKEN_IF"]).exists():
    raise ValueError("broken")
VERSION = Path(os.environ["FAKE_VERSION"]).read_text() if "FAKE_VERSION" in os.environ else "1"

app = FakeApplication(limits())
not_an_app = 42
