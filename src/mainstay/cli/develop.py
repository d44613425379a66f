"""What `mainstay dev` runs anew at each change: loads the app, creates what is missing, serves.

    python -m mainstay.cli.develop HOST PORT

A problem of the team's code is printed as one block, and the process ends; its parent waits for the next change.
"""

import asyncio
import contextlib
import os
import sys
from typing import TYPE_CHECKING

import asyncpg

from mainstay.app import announcing
from mainstay.app.running import database_url, dialect_of
from mainstay.cli import in_words
from mainstay.cli.failure import Failure
from mainstay.cli.hosting import load_hosted, run_server
from mainstay.cli.loading import load_catalog
from mainstay.cli.welcome import welcome
from mainstay.core.problem import Problem
from mainstay.evolve.file import create_tables
from mainstay.evolve.sync import create_missing, differences
from mainstay.sql.dialect import SQLITE
from mainstay.sql.ledger import LEDGER

if TYPE_CHECKING:
    from mainstay.app import Mainstay


def main() -> int:
    host, port = sys.argv[1], int(sys.argv[2])
    try:
        app = load_hosted()
        for line in asyncio.run(synchronize(app)):
            print(f"  {line}", flush=True)
        load_catalog(app)
        asyncio.run(announce(app))
        origin = f"http://{host}:{port}"
        greeting = welcome(app, origin) if os.environ.get("_MAINSTAY_GREETS") else f"Serving again on {origin}"
    except Exception as error:
        print(f"\n-- The app does not start\n{in_words(error)}\n", file=sys.stderr, flush=True)
        return 1
    return run_server(app.settings, host=host, port=port, started=lambda: print(greeting, flush=True))


async def synchronize(app: "Mainstay") -> list[str]:
    """Create what is missing; gives what was done, and where models and database differ."""
    url = database_url(app.settings)
    if dialect_of(url) is SQLITE:
        return await asyncio.to_thread(create_tables, url, app.metadata)
    try:
        connection = await asyncpg.connect(app.settings.database_url)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Failure(f"can't connect to the database: {' '.join(str(error).split())}") from None
    try:
        done = await create_missing(connection, app.metadata)
        await create_missing(connection, (LEDGER,))  # our own, and so no news
        left = await differences(connection, app.metadata)
    finally:
        await connection.close()
    return [*done, *(f"left alone: {line}" for line in left)]


async def announce(app: "Mainstay") -> None:
    """Have tables that do not announce what changes in them do so, where the database lets us."""
    url = database_url(app.settings)
    if dialect_of(url) is SQLITE:
        return
    coverage = await announcing.announced(app, url)
    origins = [origin.table for each in coverage.origins.values() for origin in each]
    if not coverage.announced.keys() >= set(origins):
        with contextlib.suppress(Problem):  # live queries are then asked for at an interval
            await announcing.carry_out(url, await announcing.installation(app, url))


if __name__ == "__main__":
    sys.exit(main())
