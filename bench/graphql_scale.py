"""What GraphQL costs a worker that serves 1,000 tables to 20 roles: its memory, and its first answers.

python -m bench.graphql_scale
"""

import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable

import psutil
from graphql import get_introspection_query
from sqlalchemy import ARRAY, Column, DateTime, ForeignKey, Identity, Integer, MetaData, Numeric, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB

from bench.database import Database
from bench.startup import READS, ROLES, TABLES, prepare
from bench.tokens import SECRET, token_of
from mainstay import Mainstay
from mainstay.core.exchange import Request, Response

MEMORY_MB_MAX = 300
FIRST_S_MAX = 1.0


def models() -> MetaData:
    metadata = MetaData()
    for number in range(1, TABLES + 1):
        Table(
            f"t{number}",
            metadata,
            Column("id", Integer, Identity(), primary_key=True),
            Column("name", Text, nullable=False),
            Column("made", DateTime(timezone=True), server_default=func.now()),
            Column("amount", Numeric(10, 2)),
            Column("tags", ARRAY(Text)),
            Column("data", JSONB),
            Column("other_id", Integer, ForeignKey(f"t{max(number - 1, 1)}.id")),
        )
    return metadata


def app_of(metadata: MetaData, url: str) -> Mainstay:
    """Each role reads all tables, and writes a twentieth of them."""
    app = Mainstay(metadata, database_url=url, jwt_secret=SECRET, graphql_introspection="always")
    for number in range(ROLES):
        role = app.role(f"role_{number}")
        for index, table in enumerate(metadata.sorted_tables):
            role.may("read", table, columns="*")
            if index % ROLES == number:
                role.may("all", table, columns="*", unfiltered=True)
    return app


class Worker:
    """The app, started in this process."""

    def __init__(self, app: Mainstay) -> None:
        self.app = app
        self.process = psutil.Process()

    def memory_mb(self) -> float:
        gc.collect()
        return self.process.memory_info().rss / 2**20

    async def ask(self, role: int, text: str) -> tuple[float, Response]:
        """How long an answer takes, in seconds."""
        headers = {"content-type": "application/json", "authorization": f"Bearer {token_of({'role': f'role_{role}'})}"}
        request = Request("POST", "/v1/graphql", "", headers, json.dumps({"query": text}).encode())
        begun = time.perf_counter()
        response = await self.app.handle(request)
        taken = time.perf_counter() - begun
        if b'"errors"' in (response.body or b"")[:20]:
            raise SystemExit(f"{text}: {(response.body or b'')[:500]!r}")
        return taken, response


def question(table: int) -> str:
    other = f"t{max(table - 1, 1)}"
    return f"{{ t{table}(where: {{id: {{_gt: 0}}}}, order_by: {{id: asc}}, limit: 10) {{ id name {other} {{ id }} }} }}"


async def measure(url: str, say: Callable[[str], object]) -> bool:
    before = psutil.Process().memory_info().rss / 2**20
    app = app_of(models(), url)
    begun = time.perf_counter()
    await app.start()
    say(f"start            {time.perf_counter() - begun:8.2f} s   (rules lowered, catalog made, connected)")
    worker = Worker(app)
    say(f"memory           {worker.memory_mb():8.0f} MB  before any question, {before:.0f} MB of it before the models")
    firsts = [(await worker.ask(role, question(role * 7 + 1)))[0] for role in range(ROLES)]
    say(f"first answer     {firsts[0]:8.3f} s   of the first role; the slowest of {ROLES}: {max(firsts):.3f} s")
    for role in range(ROLES):
        for table in range(READS):
            await worker.ask(role, question((role * READS + table) % TABLES + 1))
    held = worker.memory_mb()
    say(f"memory           {held:8.0f} MB  after {READS} questions of each of {ROLES} roles")
    taken, response = await worker.ask(0, get_introspection_query())
    say(f"introspection    {taken:8.2f} s   {len(response.body or b'') / 2**20:.0f} MB of answer")
    del response
    say(f"memory           {worker.memory_mb():8.0f} MB  after introspection")
    await app.stop()
    return held < MEMORY_MB_MAX and firsts[0] < FIRST_S_MAX


def main() -> None:
    url = prepare(Database())
    if not asyncio.run(measure(url, lambda line: print(line, flush=True))):
        sys.exit(f"more than {MEMORY_MB_MAX} MB, or a first answer after more than {FIRST_S_MAX} s")


if __name__ == "__main__":
    main()
