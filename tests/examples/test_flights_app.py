"""Who may do what with the flights, as the example's page says, asked of the app itself."""

import asyncio
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from examples.flights.app import app
from mainstay.core.exchange import Request, Response
from mainstay.settings import Settings
from services.postgres import Postgres

SECRET = "a secret for the flights example's tests"
UNITED, JETBLUE = 1, 4
"""Flights of UA and of B6."""


@pytest.fixture(scope="module")
def database(postgres: Postgres, flights_database: str) -> str:
    """A copy of the flights that the tests may write to."""
    source = flights_database.partition("?")[0].rpartition("/")[2]
    postgres.run(f"CREATE DATABASE flights_to_edit TEMPLATE {source}")
    return postgres.url("flights_to_edit")


def send(
    database: str,
    method: str,
    target: str,
    *,
    claims: Mapping[str, Any] | None = None,
    body: Any = None,
    prefer: str = "return=representation",
) -> tuple[int, Any]:
    """The status and the decoded body of one request."""
    headers = {"content-type": "application/json", "prefer": prefer}
    if claims is not None:
        known = {**claims, "exp": int(time.time()) + 60}
        headers["authorization"] = "Bearer " + jwt.encode({"alg": "HS256"}, known, OctKey.import_key(SECRET))
    path, _, query = target.partition("?")
    request = Request(method, f"/rest/v1{path}", query, headers, json.dumps(body).encode() if body else b"")

    async def run() -> Response:
        app.configure(Settings(database_url=database, jwt_secret=SECRET))
        await app.start()
        try:
            return await app.handle(request)
        finally:
            await app.stop()

    response = asyncio.run(run())
    return response.status, json.loads(response.body) if response.body else None


UNITED_DISPATCHER = {"role": "dispatcher", "carrier": "UA"}
ADMIN = {"role": "admin"}


def test_anyone_sees_a_flight_but_not_its_time_in_the_air(database: str) -> None:
    status, rows = send(database, "GET", f"/flights?id=eq.{UNITED}&select=*,airline(name),plane(*),weather(temp)")
    assert status == 200
    assert rows[0]["airline"] == {"name": "United Air Lines Inc."}
    assert rows[0]["weather"] == {"temp": 39.02}
    assert "air_time" not in rows[0]
    assert set(rows[0]["plane"]) == {"tailnum", "year", "type", "manufacturer", "model", "engines", "engine"}


def test_the_time_gained_can_be_asked_for(database: str) -> None:
    status, rows = send(database, "GET", f"/flights?id=eq.{UNITED}&select=dep_delay,arr_delay,gained")
    assert (status, rows) == (200, [{"dep_delay": 2, "arr_delay": 11, "gained": -9}])


def test_a_flight_to_an_airport_without_a_row_has_no_destination(database: str) -> None:
    status, rows = send(database, "GET", "/flights?dest=eq.SJU&order=id&limit=1&select=dest,destination(name)")
    assert (status, rows) == (200, [{"dest": "SJU", "destination": None}])


@pytest.mark.parametrize("column", ["air_time", "no_such_column"])
def test_what_anyone_may_not_see_is_as_if_it_were_not_there(column: str, database: str) -> None:
    status, problem = send(database, "GET", f"/flights?select=id&{column}=gt.1")
    assert (status, problem["code"]) == (400, "42703")


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("POST", "/flights", {"year": 2013}),
        ("PATCH", f"/flights?id=eq.{UNITED}", {"dep_delay": 0}),
        ("DELETE", f"/flights?id=eq.{UNITED}", None),
    ],
)
def test_without_a_token_nothing_is_written(method: str, target: str, body: Any, database: str) -> None:
    status, _ = send(database, method, target, body=body)
    assert status == 401


def test_a_dispatcher_sees_the_time_in_the_air_of_its_own_flights_alone(database: str) -> None:
    target = f"/flights?id=in.({UNITED},{JETBLUE})&select=id,air_time&order=id"
    status, rows = send(database, "GET", target, claims=UNITED_DISPATCHER)
    assert (status, rows) == (200, [{"id": UNITED, "air_time": 227}, {"id": JETBLUE, "air_time": None}])


def test_a_dispatcher_edits_its_own_flights_alone(database: str) -> None:
    target = f"/flights?id=in.({UNITED},{JETBLUE})&select=id,dep_delay"
    status, rows = send(database, "PATCH", target, claims=UNITED_DISPATCHER, body={"dep_delay": 77})
    assert (status, rows) == (200, [{"id": UNITED, "dep_delay": 77}])


def test_a_dispatcher_cant_give_a_flight_away(database: str) -> None:
    status, _ = send(database, "PATCH", f"/flights?id=eq.{UNITED}", claims=UNITED_DISPATCHER, body={"carrier": "B6"})
    assert status in (400, 403)


@pytest.mark.parametrize(("carrier", "expected"), [("UA", 201), ("B6", 403)])
def test_a_dispatcher_adds_flights_of_its_own_carrier_alone(carrier: str, expected: int, database: str) -> None:
    flight = {
        "year": 2013, "month": 12, "day": 31, "sched_dep_time": 900, "sched_arr_time": 1100, "carrier": carrier,
        "flight": 1, "origin": "EWR", "dest": "ORD", "distance": 719, "hour": 9, "minute": 0,
        "time_hour": "2013-12-31T14:00:00Z",
    }  # fmt: skip
    status, _ = send(database, "POST", "/flights", claims=UNITED_DISPATCHER, body=flight)
    assert status == expected


def test_a_dispatcher_without_a_carrier_edits_nothing(database: str) -> None:
    status, rows = send(
        database, "PATCH", f"/flights?id=eq.{UNITED}", claims={"role": "dispatcher"}, body={"dep_delay": 78}
    )
    assert (status, rows) == (200, [])


def test_an_admin_changes_anything(database: str) -> None:
    status, rows = send(database, "PATCH", "/planes?tailnum=eq.N14228&select=seats", claims=ADMIN, body={"seats": 150})
    assert (status, rows) == (200, [{"seats": 150}])
    status, rows = send(database, "DELETE", f"/flights?id=eq.{JETBLUE}&select=id", claims=ADMIN)
    assert (status, rows) == (200, [{"id": JETBLUE}])
