"""Where a request's time goes: processor time for each request, by process, beside the HTTP server alone; and how many
requests share a statement.

`python -m bench.profile` prints it for the case `key`. Processor time is what limits a machine whose cores are shared
by the load, the server and the database; it hardly changes with what else the machine does.
"""

import sys
import time
from collections.abc import Sequence
from functools import partial

import asyncpg
import psutil  # type: ignore[import-untyped]

from bench.cases import Case, draw_keys
from bench.database import Database
from bench.load import Request, find_wrk, load
from bench.process import Process, free_port
from bench.report import lined
from bench.rivals.graphql import GraphQL
from bench.rivals.mainstay import Mainstay

SECONDS = 5
STATISTICS_S = 1.5
"""A connection tells of what it did after a second at the latest, if it is idle."""
SERVE = "from mainstay.serve.server import run; raise SystemExit(run('bench.constant:app', host='127.0.0.1', port={}))"


def processor_s(processes: Sequence[psutil.Process]) -> float:
    """Seconds that the processes and their children have computed so far."""
    spent = 0.0
    for process in processes:
        for each in (process, *process.children(recursive=True)):
            times = each.cpu_times()
            spent += times.user + times.system
    return spent


async def statements(connection: asyncpg.Connection) -> int:
    """Transactions so far, of one statement each."""
    await connection.execute("SELECT pg_stat_force_next_flush()")
    return int(await connection.fetchval("SELECT sum(xact_commit) FROM pg_stat_database"))


def measure(port: int, requests: Sequence[Request], server: Process, database: Database) -> tuple[str, ...]:
    """Requests a second, microseconds a request of the server and of PostgreSQL, and requests a statement."""
    postgres = psutil.Process(database.pid)
    load(port, requests, 2)
    time.sleep(STATISTICS_S)
    before, before_postgres = processor_s([psutil.Process(server.popen.pid)]), processor_s([postgres])
    sent = database.ask(statements)
    started = time.monotonic()
    measured = load(port, requests, SECONDS)
    count = measured.requests_per_s * (time.monotonic() - started)
    spent = processor_s([psutil.Process(server.popen.pid)]) - before
    spent_postgres = processor_s([postgres]) - before_postgres
    time.sleep(STATISTICS_S)
    sent = database.ask(statements) - sent
    shared = f"{count / sent:.1f}" if sent > count / 100 else "-"
    return (
        f"{measured.requests_per_s:,.0f}",
        f"{spent / count * 1e6:.1f}",
        f"{spent_postgres / count * 1e6:.1f}",
        shared,
    )


def main() -> int:
    find_wrk()
    database = Database()
    database.fill()
    keys = database.ask(partial(draw_keys, case=Case.KEY))
    mainstay = Mainstay(database)
    graphql = GraphQL(database)
    mainstay.start()
    port = free_port()
    alone = Process("constant", [sys.executable, "-c", SERVE.format(port)], {})
    alone.wait(port, "/health/ready")
    served = mainstay.process
    assert served is not None
    try:
        gets = [mainstay.request(Case.KEY, key) for key in keys]
        posts = [graphql.request(Case.KEY, key) for key in keys]
        rows: list[tuple[str, ...]] = [
            ("server", "answer", "requests/s", "server µs", "PostgreSQL µs", "requests/statement"),
            ("Mainstay", "one flight by key, REST", *measure(mainstay.port, gets, served, database)),
            ("Mainstay", "one flight by key, GraphQL", *measure(mainstay.port, posts, served, database)),
            ("its HTTP server alone", "constant bytes, GET", *measure(port, gets, alone, database)),
            ("its HTTP server alone", "constant bytes, POST", *measure(port, posts, alone, database)),
        ]
    finally:
        alone.stop()
        mainstay.stop()
    print(lined(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
