"""`run`: the whole of `mainstay serve` once the command line is understood. It blocks until the server has ended."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from mainstay.core.limits import Limits
from mainstay.core.observation import Observation, Observer
from mainstay.observe import log
from mainstay.observe.log import LogFormat
from mainstay.serve.listen import ListenError, Listening, listen, listen_unix
from mainstay.serve.supervisor import Serving, Supervisor


def run(  # noqa: PLR0913 - each is an option of the command
    target: str,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    uds: Path | None = None,
    workers: int = 1,
    limits: Limits | None = None,
    drain_grace_ms: int = 500,
    log_format: LogFormat = LogFormat.AUTO,
    log_level: str = "info",
    log_requests: bool = False,
    observers: Sequence[Observer] = (),
) -> int:
    """Serve the application at `target` (`module:attribute`) until SIGTERM or SIGINT; the process's exit code.

    `uds` listens on a Unix socket instead of `host` and `port` (0: any free one; `Started` says which). `limits` None
    are the application's own. Once told to stop, readiness fails, requests are still taken for `drain_grace_ms` so that
    load balancers notice, and those in flight then have `limits.drain_ms_max`. SIGHUP replaces the workers one after
    another. `observers` hear what happens to the server, in this process, next to the log.

    Where it can't start, one line on stderr says why, and the code is 1.
    """
    log.configure(log_format, level=log_level)
    try:
        listening = listen_unix(uds, workers) if uds is not None else listen(host, port, workers)
    except ListenError as error:
        return _fail(str(error))
    serving = Serving(
        target=target,
        workers=workers,
        grace_ms=drain_grace_ms,
        limits=limits,
        log_format=log_format,
        log_level=log_level,
        log_requests=log_requests,
    )
    failure = asyncio.run(_supervise(serving, listening, (log.listener(), *observers)))
    return 0 if failure is None else _fail(failure)


async def _supervise(serving: Serving, listening: Listening, observers: Sequence[Observer]) -> str | None:
    def observe(observation: Observation, /) -> None:
        for observer in observers:
            observer(observation)

    return await Supervisor(serving, listening, observe).run()


def _fail(line: str) -> int:
    print(f"mainstay: {line}", file=sys.stderr, flush=True)
    return 1
