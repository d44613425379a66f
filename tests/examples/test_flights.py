"""The flights example holds the data that its models promise."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import selectinload

from examples.flights.load import TABLES, load
from examples.flights.models import Airline, Airport, Base, Flight, Plane, Weather

COUNTS = {"airlines": 16, "airports": 1458, "planes": 3322, "weather": 26115, "flights": 336776}


def fetch(database: str, query: str) -> list[tuple[Any, ...]]:
    async def run() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(database)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return asyncio.run(run())


def in_session(database: str, work: Callable[[AsyncSession], Awaitable[None]]) -> None:
    async def run() -> None:
        engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(database))
        async with AsyncSession(engine) as session:
            await work(session)
        await engine.dispose()

    asyncio.run(run())


def test_every_row_of_the_source_is_there(flights_database: str) -> None:
    counts = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in COUNTS)
    assert dict(fetch(flights_database, counts)) == COUNTS


def test_flights_are_numbered_in_the_order_of_the_source(flights_database: str) -> None:
    query = "SELECT id, carrier, flight, month, day, tailnum FROM flights WHERE id IN (1, 336776) ORDER BY id"
    assert fetch(flights_database, query) == [(1, "UA", 1545, 1, 1, "N14228"), (336776, "MQ", 3531, 9, 30, "N839MQ")]
    assert fetch(flights_database, "SELECT count(DISTINCT id), min(id), max(id) FROM flights") == [(336776, 1, 336776)]


def test_a_new_flight_gets_the_next_number(flights_database: str) -> None:
    query = "SELECT is_called AND last_value >= (SELECT max(id) FROM flights) FROM flights_id_seq"
    assert fetch(flights_database, query) == [(True,)]


def test_what_the_source_does_not_know_is_null(flights_database: str) -> None:
    query = """
        SELECT count(*) FILTER (WHERE dep_time IS NULL), count(*) FILTER (WHERE arr_delay IS NULL),
               count(*) FILTER (WHERE tailnum IS NULL), count(*) FILTER (WHERE tailnum = 'NA') FROM flights"""
    assert fetch(flights_database, query) == [(8255, 9430, 2512, 0)]


def test_a_second_load_does_nothing(flights_database: str) -> None:
    reported: list[tuple[str, int, int]] = []
    assert not asyncio.run(load(flights_database, lambda *report: reported.append(report)))
    assert reported == []


@pytest.mark.parametrize(
    ("relation", "orphans"),
    [
        (Flight.airline, 0),
        (Flight.origin_airport, 0),
        (Flight.destination, 7602),
        (Flight.plane, 52606),
        (Flight.weather, 1556),
    ],
)
def test_flights_without_a_parent_row_are_as_many_as_documented(
    relation: Any, orphans: int, flights_database: str
) -> None:
    async def count(session: AsyncSession) -> None:
        assert await session.scalar(select(func.count()).select_from(Flight).where(~relation.has())) == orphans

    in_session(flights_database, count)


@pytest.mark.parametrize(
    ("relation", "children"),
    [
        (Airline.flights, 336776),
        (Airport.departures, 336776),
        (Airport.arrivals, 336776 - 7602),
        (Plane.flights, 336776 - 52606),
        (Weather.flights, 336776 - 1556),
    ],
)
def test_each_flight_is_found_from_its_other_end(relation: Any, children: int, flights_database: str) -> None:
    async def count(session: AsyncSession) -> None:
        parent = relation.class_
        assert await session.scalar(select(func.count()).select_from(parent).join(relation)) == children

    in_session(flights_database, count)


def test_the_airports_of_the_weather_are_there(flights_database: str) -> None:
    async def load_airports(session: AsyncSession) -> None:
        query = select(Airport).where(Airport.weather.any()).options(selectinload(Airport.weather))
        airports = {airport.faa: len(airport.weather) for airport in await session.scalars(query)}
        assert airports == {"EWR": 8703, "JFK": 8706, "LGA": 8706}

    in_session(flights_database, load_airports)


def test_the_time_gained_is_the_same_in_python_and_in_sql(flights_database: str) -> None:
    async def compare(session: AsyncSession) -> None:
        rows = await session.execute(select(Flight, Flight.gained).where(Flight.id.between(830, 850)))
        gained = [(flight.gained, in_sql) for flight, in_sql in rows]
        assert all(in_python == in_sql for in_python, in_sql in gained)
        assert any(in_sql is None for _, in_sql in gained)
        assert any(in_sql for _, in_sql in gained)

    in_session(flights_database, compare)


def test_every_table_and_its_columns_are_as_the_models_say(flights_database: str) -> None:
    columns = """
        SELECT c.relname, a.attname, a.attnotnull, col_description(c.oid, a.attnum), obj_description(c.oid, 'pg_class')
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0"""
    declared = {
        (table.name, column.name, not column.nullable, column.comment, table.comment)
        for table in TABLES
        for column in table.columns
    }
    assert set(fetch(flights_database, columns)) == declared
    assert {table.name for table in TABLES} == set(Base.metadata.tables)
    assert all(table.comment for table in TABLES)
