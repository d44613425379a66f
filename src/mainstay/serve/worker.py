"""One worker process: it loads the application, serves it on the socket it inherited, and ends when it is told to.

Its parent tells it over a control channel; the end of that channel tells it that the parent is gone. Signals are the
parent's to answer: systemd sends them to every process at once, and a worker that acted on its own would refuse
connections while the parent still asks for them. `python -m mainstay.serve.worker FD` starts one.
"""

import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Coroutine
from typing import Any

import msgspec

from mainstay.core.limits import Limits
from mainstay.core.observation import WorkerStarted
from mainstay.observe import log
from mainstay.serve.connections import Connections
from mainstay.serve.control import Assignment, Drain, Failed, Ready, Stop, hear_parent, write
from mainstay.serve.front import Front
from mainstay.serve.http_server import HttpServer
from mainstay.serve.load import explain, load

CUT_MS_BEFORE = 500  # before the drain time is up: what is then left of it is for answering 503 and closing
STOP_S_MAX = 1.0
GC_THRESHOLD = 20_000
FILES_MAX = 32_768
FILES_SPARE = 128
"""For the database's connections, and whatever else a process has open."""


def main() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    channel = socket.socket(fileno=int(sys.argv[1]))
    sys.exit(_run(_work(channel)))


def _run(work: Coroutine[Any, Any, int]) -> int:
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


async def _work(channel: socket.socket) -> int:
    reader, writer = await asyncio.open_connection(sock=channel)
    assignment = await hear_parent(reader)
    if not isinstance(assignment, Assignment):
        return 1
    sys.path[:] = assignment.module_path
    log.configure(assignment.log_format, level=assignment.log_level)
    observe = log.listener(requests=assignment.log_requests)
    try:
        application = load(assignment.target)
        connections_max = max(_files_max() - FILES_SPARE, 1)
        limits = _within(assignment.limits or application.limits, connections_max)
        front = Front(application, limits=limits, observe=observe)
        await front.start()
        gc.collect()
        # What is there now stays: each full collection would walk it, and every request would wait for that.
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD, 20, 100)
    except Exception as error:
        write(writer, Failed(explain(error)))
        await writer.drain()
        return 1
    observe(WorkerStarted(assignment.worker, os.getpid()))
    server = HttpServer(front, connections_max=connections_max, observe_requests=assignment.log_requests)
    await server.start(socket.socket(fileno=assignment.listener))
    write(writer, Ready(limits.drain_ms_max))
    await _obey(reader, front)
    await _stop(server, front)
    return 0


async def _obey(reader: asyncio.StreamReader, front: Front) -> None:
    """Do as the parent says, until it says stop or is gone."""
    while True:
        match await hear_parent(reader):
            case Drain():
                front.draining = True
            case Stop() | None:
                return


async def _stop(server: HttpServer, front: Front) -> None:
    front.draining = True
    server.stop()
    front.lasting.end()
    await _drain(server.connections, front)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STOP_S_MAX):
            await front.stop()


async def _drain(connections: Connections, front: Front) -> None:
    """Wait for what is in flight. What is not done shortly before the drain time is up is cut off."""
    drain_ms = front.limits.drain_ms_max
    cut_ms = max(drain_ms - CUT_MS_BEFORE, drain_ms // 2)
    done = asyncio.gather(connections.ended(), front.lasting.ended())
    await asyncio.wait({done}, timeout=cut_ms / 1000)
    if not done.done():
        front.in_flight.cut()
        front.lasting.cut()
        await asyncio.wait({done}, timeout=(drain_ms - cut_ms) / 1000)
        connections.cut()


def _files_max() -> int:
    """Files that this process may have open; it is raised as far as it may be."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return FILES_MAX if soft == resource.RLIM_INFINITY else min(soft, FILES_MAX)


def _within(limits: Limits, connections_max: int) -> Limits:
    """What lasts leaves a quarter of all connections to requests."""
    return msgspec.structs.replace(limits, sockets_max=min(limits.sockets_max, connections_max * 3 // 4))


if __name__ == "__main__":
    main()
