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

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server

from mainstay.core.limits import Limits
from mainstay.core.observation import WorkerStarted
from mainstay.observe import log
from mainstay.serve.control import Assignment, Drain, Failed, Ready, Stop, hear_parent, write
from mainstay.serve.front import Front
from mainstay.serve.listen import BACKLOG
from mainstay.serve.load import explain, load
from mainstay.serve.rsgi import Rsgi

CUT_MS_BEFORE = 500  # before the drain time is up: what is then left of it is for answering 503 and closing
STOP_S_MAX = 1.0
GC_THRESHOLD = 20_000
FILES_MAX = 32_768
BUFFER_BYTES_MIN = 8_192  # hyper takes no less


class InheritedServer(Server):
    """Granian's server on a socket that is bound already."""

    inherited: Any

    def _init_shared_socket(self) -> None:
        self._ssp = None
        self._shd = self.inherited


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
        rsgi = Rsgi(application, limits=assignment.limits, observe=observe, observe_requests=assignment.log_requests)
        await rsgi.front.start()
        gc.collect()
        # What is there now stays: each full collection would walk it, and every request would wait for that.
        gc.freeze()
        gc.set_threshold(GC_THRESHOLD, 20, 100)
    except Exception as error:
        write(writer, Failed(explain(error)))
        await writer.drain()
        return 1
    observe(WorkerStarted(assignment.worker, os.getpid()))
    write(writer, Ready(rsgi.front.limits.drain_ms_max))
    await _serve(rsgi, assignment, reader)
    return 0


async def _serve(rsgi: Rsgi, assignment: Assignment, reader: asyncio.StreamReader) -> None:
    """Serve until the parent says stop or goes away."""
    front = rsgi.front
    server = _server(rsgi, assignment, front.limits)
    serving = asyncio.create_task(server.serve())
    obeying = asyncio.create_task(_obey(reader, front))
    await asyncio.wait({serving, obeying}, return_when=asyncio.FIRST_COMPLETED)
    front.draining = True
    front.lasting.end()
    server.stop()  # type: ignore[no-untyped-call]
    await _drain(serving, front)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(STOP_S_MAX):
            await front.stop()
    if serving.done():
        await serving  # raises what ended it, if it was not us


async def _obey(reader: asyncio.StreamReader, front: Front) -> None:
    """Do as the parent says, until it says stop or is gone."""
    while True:
        match await hear_parent(reader):
            case Drain():
                front.draining = True
            case Stop() | None:
                return


async def _drain(serving: "asyncio.Task[None]", front: Front) -> None:
    """Wait for what is in flight. What is not done shortly before the drain time is up is cut off."""
    drain_ms = front.limits.drain_ms_max
    cut_ms = max(drain_ms - CUT_MS_BEFORE, drain_ms // 2)
    done = asyncio.gather(asyncio.shield(serving), front.lasting.ended(), return_exceptions=True)
    await asyncio.wait({done}, timeout=cut_ms / 1000)
    if not done.done():
        front.in_flight.cut()
        front.lasting.cut()
        await asyncio.wait({done}, timeout=(drain_ms - cut_ms) / 1000)


def _server(rsgi: Rsgi, assignment: Assignment, limits: Limits) -> InheritedServer:
    """HTTP/1 alone: Granian's automatic mode waits for ever for a client's first byte, and so can be starved."""
    server = InheritedServer(
        rsgi.__rsgi__,
        interface=Interfaces.RSGI,
        http=HTTPModes.http1,
        websockets=False,
        backlog=BACKLOG,
        backpressure=_connections_max(),
        http1_settings=HTTP1Settings(
            header_read_timeout=limits.client_ms_max,
            max_buffer_size=max(BUFFER_BYTES_MIN, limits.url_bytes_max + limits.header_bytes_max),
        ),
        log_level=LogLevels.error,  # it warns that embedding is experimental
        log_dictconfig=log.granian_configuration(),
    )
    listens_itself = sys.platform == "linux" or sys.platform.startswith("freebsd")  # then it wants to know how
    server.inherited = SocketHolder(assignment.listener, assignment.is_unix, *([BACKLOG] if listens_itself else []))  # type: ignore[call-arg]
    return server


def _connections_max() -> int:
    """Connections of this worker, two for five of its files: past them clients wait to be accepted.

    The rest is for what lasts, which has descriptors of its own, and for the database. Without a bound an accept that
    fails for want of files would be tried again at once, for ever.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, FILES_MAX)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return (FILES_MAX if soft == resource.RLIM_INFINITY else min(soft, FILES_MAX)) * 2 // 5


if __name__ == "__main__":
    main()
