"""The test server itself: what the other tests rely on."""

import asyncio

import asyncpg

from services.postgres import Postgres, start


async def ask(url: str, question: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def test_a_new_database_holds_what_its_statements_made(postgres: Postgres) -> None:
    url = postgres.create_database("CREATE TABLE film (id int)", "INSERT INTO film VALUES (7)")
    assert asyncio.run(ask(url, "SELECT id FROM film")) == 7


def test_two_databases_share_nothing(postgres: Postgres) -> None:
    postgres.create_database("CREATE TABLE film (id int)")
    assert asyncio.run(ask(postgres.create_database(), "SELECT to_regclass('film')")) is None


def test_vectors_are_at_hand(database: str) -> None:
    asyncio.run(ask(database, "CREATE EXTENSION vector"))
    assert asyncio.run(ask(database, "SELECT CAST('[1,2]' AS vector(2))::text")) == "[1,2]"


def test_one_server_serves_the_session(postgres: Postgres) -> None:
    assert start() is postgres
