"""What is asked: the five cases, the keys they are asked with, and the right answers.

The answers are read row by row from PostgreSQL and put together here, in a form that each server's answers are
brought to as well, so that no server is compared with itself. Knows no server and no URL.
"""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any, TypeAlias

import asyncpg
import msgspec

Content: TypeAlias = Any
"""Rows as dicts and lists of dicts, as `normal` makes them."""

FLIGHTS = 336_776
PAGE_ROWS = 100
EMBED_ROWS = 10
SAMPLES = 20_000
SEED = 2013

NEW_YEAR = 2014
"""The year of every flight that the benchmark inserts, and of none in the data."""

CARRIERS = ("UA", "B6", "EV", "DL")
"""The largest airlines; each has two users."""


class Case(Enum):
    KEY = "key"
    PAGE = "page"
    EMBED = "embed"
    CLAIM = "claim"
    INSERT = "insert"


class User(msgspec.Struct, frozen=True):
    """Who asks: may read the flights of one carrier."""

    name: str
    carrier: str


USERS = tuple(User(f"{carrier.lower()}{number}", carrier) for carrier in CARRIERS for number in (1, 2))


class Key(msgspec.Struct, frozen=True):
    """What varies from one request to the next: each case uses what it needs of it."""

    flight: int = 0
    tailnum: str = ""
    user: User | None = None
    row: Mapping[str, Content] = {}


async def draw_keys(connection: asyncpg.Connection, case: Case) -> Sequence[Key]:
    """Random keys, the same in every run. Raises AssertionError if the data aren't what they should be."""
    chance = random.Random(SEED)
    match case:
        case Case.KEY:
            return [Key(flight=number) for number in chance.sample(range(1, FLIGHTS + 1), SAMPLES)]
        case Case.PAGE:
            return [Key(flight=number) for number in chance.sample(range(1, FLIGHTS + 1 - PAGE_ROWS), SAMPLES)]
        case Case.EMBED:
            planes = await connection.fetch(
                """SELECT tailnum FROM planes JOIN flights USING (tailnum)
                   GROUP BY tailnum HAVING count(*) >= $1 ORDER BY tailnum""",
                EMBED_ROWS,
            )
            return [Key(tailnum=row["tailnum"]) for row in chance.sample(planes, len(planes))]
        case Case.CLAIM:
            own = {carrier: await flights_of(connection, carrier) for carrier in CARRIERS}
            users = chance.choices(USERS, k=SAMPLES)
            return [Key(flight=chance.choice(own[user.carrier]), user=user) for user in users]
        case Case.INSERT:
            rows = await connection.fetch(
                """SELECT flights.* FROM flights JOIN planes USING (tailnum) JOIN airports ON dest = faa
                   WHERE arr_delay IS NOT NULL ORDER BY id LIMIT 1000"""
            )
            return [Key(row=new_row(row), user=USERS[0]) for row in rows]


async def flights_of(connection: asyncpg.Connection, carrier: str) -> list[int]:
    rows = await connection.fetch("SELECT id FROM flights WHERE carrier = $1 ORDER BY id", carrier)
    return [row["id"] for row in rows]


def new_row(row: asyncpg.Record) -> dict[str, Content]:
    """A flight to insert, ready for JSON: the key is the server's to give."""
    moment = row["time_hour"].astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**row, "year": NEW_YEAR, "time_hour": moment} | {"id": None}


async def right_answer(connection: asyncpg.Connection, case: Case, key: Key) -> Content:
    """What a server must answer; for an insert, the row that must be there afterwards."""
    match case:
        case Case.KEY | Case.CLAIM:
            return normal(dict(await connection.fetchrow("SELECT * FROM flights WHERE id = $1", key.flight)))
        case Case.PAGE:
            rows = await connection.fetch(
                "SELECT * FROM flights WHERE id > $1 ORDER BY id LIMIT $2", key.flight, PAGE_ROWS
            )
            return [normal(dict(row)) for row in rows]
        case Case.EMBED:
            plane = dict(await connection.fetchrow("SELECT * FROM planes WHERE tailnum = $1", key.tailnum))
            rows = await connection.fetch(
                "SELECT * FROM flights WHERE tailnum = $1 ORDER BY time_hour DESC, id DESC LIMIT $2",
                key.tailnum,
                EMBED_ROWS,
            )
            return normal(plane | {"flights": [await with_parents(connection, row) for row in rows]})
        case Case.INSERT:
            return without_key(normal(key.row))


async def with_parents(connection: asyncpg.Connection, flight: asyncpg.Record) -> Content:
    airline = await connection.fetchrow("SELECT * FROM airlines WHERE carrier = $1", flight["carrier"])
    destination = await connection.fetchrow("SELECT * FROM airports WHERE faa = $1", flight["dest"])
    return dict(flight) | {"airline": dict(airline), "destination": dict(destination) if destination else None}


def normal(content: Content) -> Content:
    """Content with its moments as seconds since 1970, however a server spells them."""
    match content:
        case Mapping():
            return {name: normal(value) if name != "time_hour" else seconds(value) for name, value in content.items()}
        case list():
            return [normal(value) for value in content]
        case _:
            return content


def seconds(moment: datetime | str) -> int:
    return int((datetime.fromisoformat(moment) if isinstance(moment, str) else moment).timestamp())


def without_key(row: Mapping[str, Content]) -> Content:
    return {name: value for name, value in row.items() if name != "id"}
