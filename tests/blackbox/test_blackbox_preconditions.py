"""Conditional requests against the real process: of those who change the same row at once, one wins."""

import json
from pathlib import Path

import pytest

from blackbox.cinema_process import Cinema, together
from serve.serve_process import Answer

WRITERS = 8


@pytest.mark.parametrize("workers", [1, 2])
def test_of_many_writers_with_one_tag_exactly_one_wins(tmp_path: Path, cinema_database: str, workers: int) -> None:
    with Cinema(tmp_path, cinema_database, workers=workers) as cinema:
        for turn in range(5):
            read = cinema.ask("GET", "/studios?id=eq.3", who="owner")
            tag = read.headers["etag"]

            def write(number: int, tag: str = tag, turn: int = turn) -> Answer:
                body = json.dumps({"country": f"{turn}{number}"})
                headers = {"If-Match": tag}
                return cinema.ask("PATCH", "/studios?id=eq.3", who="owner", body=body, headers=headers)

            answers = together([lambda number=number: write(number) for number in range(WRITERS)])  # type: ignore[misc]
            statuses = [answer.status for answer in answers]
            assert sorted(statuses) == [204, *[412] * (WRITERS - 1)]
            assert cinema.rows("/studios?id=eq.3", "owner")[0]["country"] == f"{turn}{statuses.index(204)}"
        assert cinema.complaints() == []


def test_of_many_who_create_a_row_exactly_one_does(tmp_path: Path, cinema_database: str) -> None:
    with Cinema(tmp_path, cinema_database, workers=2) as cinema:

        def create(number: int) -> Answer:
            body = json.dumps({"id": 500, "name": f"Studio {number}"})
            headers = {"If-None-Match": "*"}
            return cinema.ask("PUT", "/studios?id=eq.500", who="owner", body=body, headers=headers)

        answers = together([lambda number=number: create(number) for number in range(WRITERS)])  # type: ignore[misc]
        statuses = [answer.status for answer in answers]
        assert sorted(statuses) == [204, *[412] * (WRITERS - 1)]
        assert cinema.rows("/studios?id=eq.500", "owner")[0]["name"] == f"Studio {statuses.index(204)}"
        assert cinema.complaints() == []


def test_a_tag_that_is_not_ascii_guards_too(tmp_path: Path, cinema_database: str) -> None:
    """Some servers leave such a header out."""
    with Cinema(tmp_path, cinema_database) as cinema:
        refused = cinema.ask("DELETE", "/studios?id=eq.2", who="owner", headers={"If-Match": '"\u00fc"'})
        assert refused.status == 412
        for name, value in (("Authorization", "Bearer \u00fc"), ("Idempotency-Key", "\u00fc"), ("apikey", "\u00fc")):
            refused = cinema.ask("DELETE", "/studios?id=eq.2", who=None, headers={name: value})
            assert refused.status in (400, 401)
        assert len(cinema.rows("/studios?id=eq.2", "owner")) == 1
