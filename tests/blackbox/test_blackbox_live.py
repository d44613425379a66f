"""Live answers of the real process: every worker hears what any of them, or anyone else, writes."""

import asyncio
import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from blackbox.cinema_process import REST, Cinema, database_name
from cinema.app import cinema
from mainstay.app import announcing
from serve.serve_process import eventually
from services.postgres import Postgres

CONNECTIONS_MAX = 60
LISTENING = "FROM pg_stat_activity WHERE application_name = 'mainstay listening' AND datname = '{}'"


class Events:
    """A connection that reads events; what is read past `WAIT_S` fails the test."""

    WAIT_S = 20

    def __init__(self, url: str, target: str) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=self.WAIT_S)
        self.connection.request("GET", f"{REST}/{target}", headers={"Accept": "text/event-stream"})
        self.response = self.connection.getresponse()
        assert self.response.status == 200

    def rows(self) -> Any:
        """The next event's; None where the stream has ended."""
        while line := self.response.readline():
            if line.startswith(b"data: "):
                return json.loads(line[len("data: ") :])
        return None

    def close(self) -> None:
        self.response.close()
        self.connection.close()


def install(database: str) -> None:
    app = cinema(database_url=database)
    asyncio.run(announcing.carry_out(database, asyncio.run(announcing.installation(app, database))))


def test_every_worker_tells_what_is_written_by_any_of_them_or_by_others(
    postgres: Postgres, tmp_path: Path, cinema_database: str
) -> None:
    install(cinema_database)
    listening = LISTENING.format(database_name(cinema_database))
    settings = {"live_poll_ms": 3_600_000}
    with Cinema(tmp_path, cinema_database, workers=2, settings=settings) as served:
        streams: list[Events] = []
        while postgres.run(f"SELECT count(*) {listening}") != "2\n":  # a worker listens once somebody asks it to
            assert len(streams) < CONNECTIONS_MAX
            streams.append(Events(served.url, "tags?select=label&id=eq.1"))
            assert streams[-1].rows() == [{"label": "sea"}]
        postgres.run("UPDATE tags SET label = 'ocean' WHERE id = 1", url=cinema_database)
        assert [each.rows() for each in streams] == [[{"label": "ocean"}]] * len(streams)
        changed = served.ask("PATCH", "/tags?id=eq.1", who="owner", body='{"label": "tide"}')
        assert changed.status == 204
        assert [each.rows() for each in streams] == [[{"label": "tide"}]] * len(streams)

        postgres.run(f"SELECT pg_terminate_backend(pid) {listening}")
        postgres.run("UPDATE tags SET label = 'foam' WHERE id = 1", url=cinema_database)
        assert [each.rows() for each in streams] == [[{"label": "foam"}]] * len(streams)
        eventually(lambda: postgres.run(f"SELECT count(*) {listening}") == "2\n", "both to listen again")

        streams.pop().close()
        assert served.stop() == 0
        assert [each.rows() for each in streams] == [None] * len(streams)
        assert served.complaints() == []
