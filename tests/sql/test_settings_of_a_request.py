"""What a request asks the database, or its server, to do besides answering it."""

import pytest

from mainstay import Mainstay
from services.postgres import Postgres
from sql.reflected import answers, get, rows

CLOCKS = """
CREATE ROLE traveller;
CREATE SCHEMA api;
CREATE TYPE api.span AS (since date, until date);
CREATE TABLE api.clocks (id integer PRIMARY KEY, at timestamptz, spans api.span);
INSERT INTO api.clocks VALUES (1, '2023-10-18 12:00:00+00', NULL);
GRANT USAGE ON SCHEMA api TO traveller;
GRANT SELECT ON api.clocks TO traveller
"""


@pytest.fixture(scope="module")
def clocks(postgres: Postgres) -> str:
    return postgres.create_database(CLOCKS)


def test_a_time_zone_holds_for_its_request_alone(clocks: str) -> None:
    there, here = answers(
        clocks,
        get("/clocks", "select=at", prefer="timezone=America/Los_Angeles"),
        get("/clocks", "select=at"),
        anonymous_role="traveller",
    )
    assert rows(there) == [{"at": "2023-10-18T05:00:00-07:00"}]
    assert ("preference-applied", "timezone=America/Los_Angeles") in there.headers
    assert rows(here) == [{"at": "2023-10-18T12:00:00+00:00"}]


@pytest.mark.parametrize("zone", ["Nowhere/At-all", "05:30:15"])
def test_a_time_zone_that_is_none_is_refused_by_the_database(clocks: str, zone: str) -> None:
    (refused,) = answers(clocks, get("/clocks", prefer=f"timezone={zone}"), anonymous_role="traveller")
    assert (refused.status, rows(refused)["code"]) == (400, "22023")


def test_aggregates_can_be_switched_off(clocks: str) -> None:
    for query in ("select=id.max()", "select=count()", "select=id,clocks(id.sum())"):
        (refused,) = answers(clocks, get("/clocks", query), anonymous_role="traveller", aggregates_enabled=False)
        assert (refused.status, rows(refused)["code"]) == (400, "PGRST123")


def test_the_description_has_examples_of_composite_types_and_tells_its_time(clocks: str) -> None:
    (described,) = answers(clocks, get("/"), anonymous_role="traveller")
    assert described.status == 200
    assert "server-timing" in dict(described.headers)


def test_an_answer_repeats_the_header_that_the_settings_name(clocks: str) -> None:
    requests = (get("/clocks", x_request_id="a1"), get("/nothing", x_request_id="a2"), get("/clocks"))
    traced = answers(clocks, *requests, anonymous_role="traveller", trace_header="X-Request-Id")
    assert [dict(response.headers).get("x-request-id") for response in traced] == ["a1", "a2", None]


def test_an_answer_says_what_it_depends_on_and_a_problem_does_not(clocks: str) -> None:
    read, refused = answers(clocks, get("/clocks"), get("/nothing"), anonymous_role="traveller")
    assert dict(read.headers)["vary"] == "Accept, Prefer, Range"
    assert "vary" not in dict(refused.headers)


def test_problems_can_go_without_details(clocks: str) -> None:
    requests = (get("/clock"), get("/clocks", "offset=9", prefer="count=exact"))
    unknown, past = answers(clocks, *requests, anonymous_role="traveller", error_details=False)
    assert rows(unknown) == {"code": "PGRST205", "message": "Could not find the table 'api.clock' in the schema cache"}
    assert (past.status, rows(past).keys()) == (416, {"code", "message"})


def test_a_header_that_is_no_name_is_no_setting() -> None:
    with pytest.raises(Exception, match="trace_header"):
        Mainstay([], trace_header="a: b")
