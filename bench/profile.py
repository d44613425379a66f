"""Where a request's time goes: processor time for each request, by process, beside the HTTP server alone.

`python -m bench.profile` prints it for the case `key`. Processor time is what limits a machine whose cores are shared
by the load, the server and the database; it hardly changes with what else the machine does.
"""

import sys
import time
from collections.abc import Sequence
from functools import partial

import psutil  # type: ignore[import-untyped]

from bench.cases import Case, draw_keys
from bench.database import Database
from bench.load import Request, find_wrk, load
from bench.process import Process, free_port
from bench.report import lined
from bench.rivals.mainstay import Mainstay

SECONDS = 5
SERVE = "from mainstay.serve.server import run; raise SystemExit(run('bench.constant:app', host='127.0.0.1', port={}))"


def processor_s(processes: Sequence[psutil.Process]) -> float:
    """Seconds that the processes and their children have computed so far."""
    spent = 0.0
    for process in processes:
        for each in (process, *process.children(recursive=True)):
            times = each.cpu_times()
            spent += times.user + times.system
    return spent


def measure(port: int, requests: Sequence[Request], server: Process, database: Database) -> tuple[str, ...]:
    """Requests a second, and microseconds a request of the server and of PostgreSQL."""
    postgres = psutil.Process(database.pid)
    load(port, requests, 2)
    before, before_postgres = processor_s([psutil.Process(server.popen.pid)]), processor_s([postgres])
    started = time.monotonic()
    measured = load(port, requests, SECONDS)
    count = measured.requests_per_s * (time.monotonic() - started)
    spent = processor_s([psutil.Process(server.popen.pid)]) - before
    spent_postgres = processor_s([postgres]) - before_postgres
    return f"{measured.requests_per_s:,.0f}", f"{spent / count * 1e6:.1f}", f"{spent_postgres / count * 1e6:.1f}"


def main() -> int:
    find_wrk()
    database = Database()
    database.fill()
    keys = database.ask(partial(draw_keys, case=Case.KEY))
    mainstay = Mainstay(database)
    mainstay.start()
    port = free_port()
    alone = Process("constant", [sys.executable, "-c", SERVE.format(port)], {})
    alone.wait(port, "/health/ready")
    try:
        requests = [mainstay.request(Case.KEY, key) for key in keys]
        rows: list[tuple[str, ...]] = [("server", "answer", "requests/s", "server µs", "PostgreSQL µs")]
        if mainstay.process is not None:
            rows.append(
                ("Mainstay", "one flight by key", *measure(mainstay.port, requests, mainstay.process, database))
            )
        rows.append(("its HTTP server alone", "constant bytes", *measure(port, requests, alone, database)))
    finally:
        alone.stop()
        mainstay.stop()
    print(lined(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
