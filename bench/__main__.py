"""The benchmark's command: starts everything, checks every answer, then measures in turns.

python -m bench --json figures.json
"""

import argparse
import contextlib
import signal
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeAlias

import asyncpg

from bench import live, report, startup
from bench.cases import FLIGHTS, PAGE_ROWS, Case, Key, draw_keys
from bench.check import check
from bench.database import Database
from bench.load import Measurement, Request, find_wrk, load
from bench.pgbench import SCRIPTS_MAX, Random, Script, pgbench, with_random
from bench.report import EXPAND
from bench.rivals.database_mode import DatabaseMode
from bench.rivals.fastapi import FastAPI
from bench.rivals.graphql import GraphQL
from bench.rivals.mainstay import Mainstay
from bench.rivals.pocketbase import PocketBase
from bench.rivals.sqlite import SQLite
from bench.server import Server

NAMES = ("pgbench", "mainstay", "graphql", "database_mode", "sqlite", "fastapi", "pocketbase")
ROUNDS = 3
WARM_UP_SECONDS = 2

Results: TypeAlias = dict[Case, dict[str, list[Measurement]]]


class Bench:
    """The database, the servers that are up, and what to do with them."""

    def __init__(self, database: Database, servers: Sequence[Server], names: Sequence[str], seconds: float) -> None:
        self.database = database
        self.servers = {server.name: server for server in servers}
        self.names = names
        self.seconds = seconds

    def run(self, case: Case) -> dict[str, list[Measurement]]:
        """Check every server, then measure each in turn, round by round."""
        keys = self.database.ask(partial(draw_keys, case=case))
        requests: dict[str, list[Request]] = {}
        ports = {name: server.port for name, server in self.servers.items()}
        for name, server in self.servers.items():
            if case not in server.cases:
                continue
            check(server, case, keys, self.database)
            requests[name] = [server.request(case, key) for key in keys]
            if case is Case.EMBED and isinstance(server, PocketBase):  # not checked: it can't give the right answer
                ports[EXPAND] = server.port
                requests[EXPAND] = [server.expanded(key) for key in keys]
        scripts = draw_scripts(self.database, case, keys) if "pgbench" in self.names else []

        def measure(name: str, seconds: float, turn: int) -> Measurement:
            if name == "pgbench":
                measured = pgbench(self.database.binaries / "pgbench", self.database.url, scripts, seconds)
            else:
                measured = load(ports[name], requests[name], seconds, seed=turn)
            if case is Case.INSERT:
                self.servers.get(name, self.database).remove_inserted()
            return measured

        names = [name for name in (*self.names, EXPAND) if name == "pgbench" or name in requests]
        results: dict[str, list[Measurement]] = {name: [] for name in names}
        for turn in range(ROUNDS):
            for name in names:
                if turn == 0:
                    measure(name, WARM_UP_SECONDS, turn)
                results[name].append(measure(name, self.seconds, turn))
                tell(f"{case.value:<7} {name:<17} {results[name][-1].requests_per_s:>10,.0f} requests/s")
        return results


def draw_scripts(database: Database, case: Case, keys: Sequence[Key]) -> list[Script]:
    """What Mainstay sends to PostgreSQL for the case, for pgbench to send."""
    ours = Mainstay(database)
    if case in (Case.KEY, Case.PAGE):
        last = FLIGHTS - (PAGE_ROWS if case is Case.PAGE else 0)
        return [with_random(ours.script(case, keys[0]), str(keys[0].flight), Random(1, last))]
    return [ours.script(case, key) for key in keys[:SCRIPTS_MAX]]


@contextlib.contextmanager
def running(servers: Sequence[Server]) -> Iterator[None]:
    with contextlib.ExitStack() as stack:
        for server in servers:
            tell(f"starting {server.name}")
            stack.callback(server.stop)
            server.start()
        yield


def tell(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measure Mainstay, also by GraphQL and in database mode, beside pgbench, FastAPI and PocketBase.",
        epilog="example: python -m bench --json figures.json --cases key,embed",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write Mainstay's figures and ratios there")
    parser.add_argument("--seconds", type=float, default=5, help="how long each run takes; %(default)s")
    parser.add_argument(
        "--cases", type=listed, default=[case.value for case in Case], help="of key,page,embed,claim,insert"
    )
    parser.add_argument("--servers", type=listed, default=list(NAMES), help=f"of {','.join(NAMES)}")
    arguments = parser.parse_args()
    for given, known in ((arguments.cases, [case.value for case in Case]), (arguments.servers, NAMES)):
        unknown = [name for name in given if name not in known]
        if unknown:
            parser.error(f"there is no {unknown[0]!r}; there are {', '.join(known)}")
    return arguments


def listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def main() -> int:
    arguments = parse_arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the servers are stopped then, too
    try:
        find_wrk()
        database = Database()
        database.fill()
        servers = [
            server(database)
            for server in (Mainstay, GraphQL, DatabaseMode, SQLite, FastAPI, PocketBase)
            if server.name in arguments.servers
        ]
        results: Results = {}
        found = lively = None
        with running(servers):
            bench = Bench(database, servers, [name for name in NAMES if name in arguments.servers], arguments.seconds)
            for case in Case:
                if case.value in arguments.cases:
                    results[case] = bench.run(case)
        if "database_mode" in arguments.servers:
            tell("starting a server on 1,000 tables")
            found = startup.measure(database)
        if "graphql" in arguments.servers:
            tell("subscribing to live queries")
            lively = live.measure(database)
    except (RuntimeError, OSError, asyncpg.PostgresError) as error:
        tell(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    print(report.table(results))
    if found is not None:
        print(f"\n{startup.told(found)}")
    if lively is not None:
        print(f"\n{live.told(lively)}")
    if arguments.json:
        report.write_json(report.summarize(results, found, lively), arguments.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
