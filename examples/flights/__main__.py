"""The demo: PostgreSQL in `.mainstay/flights`, the flights in it, the server on this machine, and what to try next.

python -m examples.flights --port 8000
"""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

import asyncpg

from mainstay.cli import complain, embedded, in_words
from mainstay.cli.hosting import announce, run_server
from mainstay.cli.loading import Target
from mainstay.cli.tokens import development_secret, sign
from mainstay.serve.listen import listen
from mainstay.settings import Settings

HOST = "127.0.0.1"
DATA = Path(".mainstay") / "flights"
CLAIMS = {"dispatcher": {"sub": "dana", "carrier": "UA"}, "admin": {"sub": "alex"}}
WEEK_S = 7 * 86_400


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m examples.flights", description="Serve the flights of New York.")
    parser.add_argument("--port", type=int, default=8000, help="the port to listen on (8000)")
    port = parser.parse_args().port
    signal.signal(signal.SIGTERM, interrupt)  # while the data is loaded; the server has its own way with it
    postgres = None
    try:
        listen(HOST, port, 1).close()  # better to hear that the port is taken now than after the data is loaded
        postgres = embedded.start(DATA)
        return demonstrate(postgres.url, port)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        return complain(in_words(error))
    finally:
        if postgres is not None:
            postgres.stop()


def interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def demonstrate(url: str, port: int) -> int:
    """Load the data where it is missing, say what to try, and serve until interrupted."""
    if not asyncio.run(is_loaded(url)):
        from examples.flights.load import (  # SQLAlchemy takes a while, which the second start saves
            load,
            report_progress,
        )

        with report_progress() as progress:
            asyncio.run(load(url, progress))
    overrides = {"database_url": url, "jwt_secret": development_secret(DATA), "plan_enabled": True}
    settings = Settings.load(overrides, os.environ)
    os.environ.update(announce(Target("examples.flights.app", Path.cwd(), "app"), overrides, {}))
    text = what_to_try(settings, f"http://{HOST}:{port}")
    return run_server(settings, host=HOST, port=port, started=lambda: print(text, flush=True))


async def is_loaded(url: str) -> bool:
    """Whether the last table has rows: all of them are filled in one transaction."""
    connection = await asyncpg.connect(url)
    try:
        return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM flights)"))
    except asyncpg.UndefinedTableError:
        return False
    finally:
        await connection.close()


def what_to_try(settings: Settings, origin: str) -> str:
    """The address, a token of each role, and lines to copy."""
    tokens = {role: sign(settings, role, claims, WEEK_S) for role, claims in CLAIMS.items()}
    base = f"{origin}{settings.rest_prefix}"
    return f"""
336,776 flights on {base} (Ctrl-C stops it)
API reference: {origin}{settings.docs_path}

Anyone may read. The latest three departures, each with its airline, and how many flights a carrier had:

  curl '{base}/flights?select=id,time_hour,dest,airline(name)&order=time_hour.desc,id.desc&limit=3'
  curl '{base}/flights?select=carrier,count()'

A dispatcher works on the flights of its own carrier, here United:

  DISPATCHER={tokens["dispatcher"]}
  curl '{base}/flights?select=id,carrier,air_time&limit=3' -H "Authorization: Bearer $DISPATCHER"
  curl -X PATCH '{base}/flights?id=eq.1' -H "Authorization: Bearer $DISPATCHER" \\
    -H 'Content-Type: application/json' -H 'Prefer: return=representation' -d '{{"tailnum": "N14228"}}'

An admin may do everything:

  ADMIN={tokens["admin"]}
  curl '{base}/planes?select=tailnum,model,seats&order=seats.desc&limit=3' -H "Authorization: Bearer $ADMIN"

What a request becomes, and PostgreSQL's plan of it:

  .venv/bin/mainstay explain 'GET /flights?id=eq.1' --app examples/flights/app.py --data {DATA}
"""


if __name__ == "__main__":
    sys.exit(main())
