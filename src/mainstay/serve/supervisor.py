"""The parent of the workers: it starts, replaces, reloads, drains and ends them, and never touches a request.

It does not import the application, so that each new worker loads the code that is there now. One task is in charge at
a time: whatever happens (SIGHUP, a worker's end) waits in one queue for it.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from enum import Enum
from pathlib import Path

import msgspec

from mainstay.core.limits import Limits
from mainstay.core.observation import (
    Draining,
    Observer,
    Reloaded,
    Reloading,
    Started,
    Stopped,
    WorkerError,
    WorkerExited,
)
from mainstay.observe.log import LogFormat
from mainstay.serve.control import Assignment, Drain, Failed, Ready, Stop, hear_worker, write
from mainstay.serve.listen import Listening

KILL_AFTER_S = 2.0  # past the drain time; more than a worker takes to stop its application
STEADY_S = 30.0  # a worker that lived this long did not crash at start
BACKOFF_S = (0.0, 0.1, 0.5, 1.0, 2.0)  # before the first, second, ... replacement in a row
CRASHES_MAX = 5  # in a row, with no worker left that answers


class Serving(msgspec.Struct, frozen=True):
    """What to serve and how. `grace_ms`: how long to go on accepting once readiness fails."""

    target: str
    workers: int
    grace_ms: int
    limits: Limits | None
    log_format: LogFormat
    log_level: str
    log_requests: bool


class Reload(Enum):
    """The one wish that can wait in the queue; the other events there are workers that ended."""

    RELOAD = "reload"


class Worker:
    """One worker process, as its parent sees it. `drain_ms_max` is known once it is ready."""

    def __init__(
        self,
        index: int,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.index = index
        self.process = process
        self.reader = reader
        self.writer = writer
        self.born = time.monotonic()
        self.drain_ms_max = Limits().drain_ms_max
        self.dismissed = False
        self.exited = asyncio.create_task(process.wait())
        self.exited.add_done_callback(lambda _: writer.close())

    async def ready(self) -> str | None:
        """Wait until it answers. None: it does; else why it never will."""
        match await hear_worker(self.reader):
            case Ready(drain_ms_max):
                self.drain_ms_max = drain_ms_max
                return None
            case Failed(message):
                await asyncio.wait({self.exited}, timeout=KILL_AFTER_S)
                self.end()
                return message
        return f"a worker ended while it started, with code {await self.exited}"

    def drain(self) -> None:
        write(self.writer, Drain())

    async def stop(self) -> bool:
        """Let it finish; kill it where it does not within its drain time. True where it had to be killed."""
        self.dismissed = True
        write(self.writer, Stop())
        await asyncio.wait({self.exited}, timeout=self.drain_ms_max / 1000 + KILL_AFTER_S)
        return await self.kill()

    async def kill(self) -> bool:
        """End it now. True where it had not ended yet."""
        self.dismissed = True
        alive = not self.exited.done()
        self.end()
        await self.exited
        return alive

    def end(self) -> None:
        """Kill it, without waiting for its end."""
        self.dismissed = True
        if not self.exited.done():
            # Not by the process's own `kill`, which would take its exit code away from who waits for it.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)


class Supervisor:
    """Runs once. `workers` are in charge of one listening socket each; `family` are all processes there are."""

    def __init__(self, serving: Serving, listening: Listening, observe: Observer) -> None:
        self.serving = serving
        self.listening = listening
        self.observe = observe
        self.workers: dict[int, Worker] = {}
        self.family: set[Worker] = set()
        self.crashes = 0
        self.events: asyncio.Queue[Reload | Worker] = asyncio.Queue()
        self.told_to_stop = asyncio.Event()
        self.told_twice = False
        self.spawning = asyncio.Lock()

    async def run(self) -> str | None:
        """Serve until told to stop. None: all ended well; else in one line what did not."""
        self._take_signals()
        supervising = asyncio.create_task(self._supervise())
        told = asyncio.create_task(self.told_to_stop.wait())
        try:
            await asyncio.wait({supervising, told}, return_when=asyncio.FIRST_COMPLETED)
            if supervising.done():
                return supervising.result()
            async with self.spawning:  # not halfway through a birth, or the child would be nobody's
                supervising.cancel()
            await asyncio.wait({supervising})
            return await self._drain()
        finally:
            told.cancel()
            await asyncio.gather(*(worker.kill() for worker in self.family))
            self.listening.close()

    def _take_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self.events.put_nowait, Reload.RELOAD)

    def _stop(self) -> None:
        """The first time finish, the second time at once."""
        self.told_twice = self.told_to_stop.is_set()
        self.told_to_stop.set()
        if self.told_twice:
            for worker in self.family:
                worker.end()

    async def _supervise(self) -> str:
        """Start, and then see to whatever happens. Returns, with the reason, when that is of no use any more."""
        failure = await self._start()
        while failure is None:
            match await self.events.get():
                case Worker() as worker:
                    if self.workers[worker.index] is worker:
                        failure = await self._replace(worker)
                case Reload():
                    await self._reload()
        return failure

    async def _start(self) -> str | None:
        """Start every worker at once. None: all answer; else why the first of them can't."""
        heirs = [await self._spawn(index) for index in range(self.serving.workers)]
        for ready in asyncio.as_completed([heir.ready() for heir in heirs]):
            failure = await ready
            if failure is not None:
                return failure
        for heir in heirs:
            self._put_in_charge(heir)
        self.observe(Started(self.listening.url, self.serving.workers, os.getpid()))
        return None

    async def _spawn(self, index: int) -> Worker:
        """Start a process and tell it what to serve; it is not ready yet."""
        async with self.spawning:
            ours, theirs = socket.socketpair()
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "mainstay.serve.worker", str(theirs.fileno())),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), self.listening.sockets[index].fileno()),
                process_group=0,  # out of reach of a terminal's Ctrl-C
            )
            theirs.close()
            reader, writer = await asyncio.open_connection(sock=ours)
            write(writer, self._assignment(index))
            worker = Worker(index, process, reader, writer)
            self.family.add(worker)
            worker.exited.add_done_callback(lambda _: self.family.discard(worker))
            return worker

    def _assignment(self, index: int) -> Assignment:
        serving = self.serving
        return Assignment(
            target=serving.target,
            worker=index + 1,
            listener=self.listening.sockets[index].fileno(),
            module_path=[str(Path.cwd()), *sys.path],
            limits=serving.limits,
            log_format=serving.log_format,
            log_level=serving.log_level,
            log_requests=serving.log_requests,
        )

    def _put_in_charge(self, worker: Worker) -> None:
        """From now on its end, unless we asked for it, is an event."""
        self.workers[worker.index] = worker
        worker.exited.add_done_callback(lambda _: None if worker.dismissed else self.events.put_nowait(worker))

    async def _replace(self, worker: Worker) -> str | None:
        """Put another in the place of one that ended. None: done; else why it is of no use to go on."""
        self.observe(WorkerExited(worker.index + 1, worker.process.pid, worker.exited.result()))
        self.crashes = self.crashes + 1 if time.monotonic() - worker.born < STEADY_S else 1
        while True:
            if self.crashes > CRASHES_MAX and all(other.exited.done() for other in self.workers.values()):
                return f"workers keep ending, the last one with code {worker.exited.result()}"
            await asyncio.sleep(BACKOFF_S[min(self.crashes, len(BACKOFF_S)) - 1])
            if await self._succeed(worker.index):
                return None
            self.crashes += 1

    async def _reload(self) -> None:
        """Replace the workers one after another; the first that can't start leaves all others as they are."""
        self.observe(Reloading(self.serving.workers))
        for index, worker in list(self.workers.items()):
            if not await self._succeed(index):
                return
            worker.drain()
            await worker.stop()
        self.observe(Reloaded(self.serving.workers))

    async def _succeed(self, index: int) -> bool:
        """Start a worker and put it in charge; False where it can't start."""
        heir = await self._spawn(index)
        failure = await heir.ready()
        if failure is None:
            self._put_in_charge(heir)
            return True
        self.observe(WorkerError(index + 1, failure))
        return False

    async def _drain(self) -> str | None:
        """Fail readiness, go on for the grace, then let every worker finish."""
        in_charge = {worker for worker in self.workers.values() if not worker.exited.done()}
        leaving = {worker for worker in self.family if worker.dismissed}  # replaced, and still at its last requests
        for worker in self.family - in_charge - leaving:
            worker.end()  # not ready yet
        serving = in_charge | leaving
        within_ms = max((worker.drain_ms_max for worker in serving), default=0)
        self.observe(Draining(self.serving.grace_ms, within_ms))
        for worker in in_charge:
            worker.drain()
        await asyncio.sleep(self.serving.grace_ms / 1000 if serving and not self.told_twice else 0)
        self.listening.close()
        killed = sum(await asyncio.gather(*(worker.stop() for worker in serving)))
        self.observe(Stopped(killed))
        if self.told_twice:
            return "stopped at once, as asked for by a second signal"
        return f"{killed} of {len(serving)} workers had to be killed" if killed else None
