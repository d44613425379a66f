"""Looking at a database: what it reads and sets, whose settings are whose, and how often it is asked."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar
from urllib.parse import urlsplit

import asyncpg
import pytest

from mainstay.core.found import Found
from mainstay.core.problem import Problem
from mainstay.reflect.database import reflect_database
from mainstay.stores.postgres.introspect import introspect
from services.postgres import Postgres

T = TypeVar("T")

# The transaction's beginning and end, the search path, and a question for each kind of thing.
QUESTIONS = 13

FUNCTION = "CREATE FUNCTION s.f({arguments}) RETURNS text LANGUAGE {language} AS $body$ {body} $body$"

MENTIONED: dict[str, tuple[str, set[str] | None]] = {
    "nothing": ("SELECT", set()),
    "a call": (
        FUNCTION.format(arguments="", language="sql", body="SELECT current_setting('request.headers', true)"),
        {"request.headers"},
    ),
    "a call, spaced and typed": (
        FUNCTION.format(
            arguments="",
            language="sql",
            body="SELECT Current_Setting ( 'request.jwt.claims'::text, true )::json->>'sub'",
        ),
        {"request.jwt.claims"},
    ),
    "a write": (
        FUNCTION.format(
            arguments="",
            language="plpgsql",
            body="BEGIN PERFORM set_config('response.status', '201', true); RETURN ''; END",
        ),
        {"response.status"},
    ),
    "a command": (
        FUNCTION.format(
            arguments="", language="plpgsql", body="BEGIN SET LOCAL \"response.headers\" = '[]'; RETURN ''; END"
        ),
        {"response.headers"},
    ),
    "a call in a text that is run": (
        FUNCTION.format(
            arguments="",
            language="plpgsql",
            body="DECLARE r text; BEGIN EXECUTE 'SELECT current_setting(''request.path'')' INTO r; RETURN r; END",
        ),
        {"request.path"},
    ),
    "a standard body": (
        "CREATE FUNCTION s.f() RETURNS text RETURN current_setting('request.method', true)",
        {"request.method"},
    ),
    "an argument's default": (
        FUNCTION.format(arguments="a text DEFAULT current_setting('app.tenant')", language="sql", body="SELECT a"),
        {"app.tenant"},
    ),
    "a procedure": (
        "CREATE PROCEDURE s.p() LANGUAGE sql AS $$ SELECT set_config('app.seen', '1', true) $$",
        {"app.seen"},
    ),
    "a view": ("CREATE VIEW s.v AS SELECT current_setting('request.headers', true) AS h", {"request.headers"}),
    "a policy": (
        "CREATE TABLE s.t (a text); CREATE POLICY p ON s.t USING (a = current_setting('request.jwt.claim.sub', true)) "
        "WITH CHECK (a = current_setting('request.cookies', true))",
        {"request.jwt.claim.sub", "request.cookies"},
    ),
    "a default": ("CREATE TABLE s.t (a text DEFAULT current_setting('app.a', true))", {"app.a"}),
    "a check": ("CREATE TABLE s.t (a text CHECK (a = current_setting('app.b', true)))", {"app.b"}),
    "a domain": ("CREATE DOMAIN s.d AS text DEFAULT current_setting('app.c', true)", {"app.c"}),
    "a trigger": (
        "CREATE TABLE s.t (a text); CREATE TRIGGER t BEFORE INSERT ON s.t FOR EACH ROW "
        "WHEN (new.a = current_setting('app.d', true)) EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        {"app.d"},
    ),
    "a rule": (
        "CREATE TABLE s.t (a text); CREATE RULE r AS ON INSERT TO s.t WHERE new.a = current_setting('app.e', true) "
        "DO INSTEAD NOTHING",
        {"app.e"},
    ),
    "another setting": (
        FUNCTION.format(arguments="", language="sql", body="SELECT current_setting('TimeZone')"),
        set(),
    ),
    "a name that is not known": (
        FUNCTION.format(arguments="name text", language="sql", body="SELECT current_setting(name, true)"),
        None,
    ),
    "a name that is put together": (
        FUNCTION.format(arguments="a text", language="sql", body="SELECT current_setting('request.header.' || a)"),
        None,
    ),
    "a name that is put together of halves": (
        FUNCTION.format(arguments="", language="sql", body="SELECT current_setting('request' || '.headers')"),
        None,
    ),
    "a call behind a comment": (
        FUNCTION.format(arguments="", language="sql", body="SELECT current_setting(/* which? */ 'request.headers')"),
        None,
    ),
    "a command that is put together": (
        FUNCTION.format(
            arguments="a text", language="plpgsql", body="BEGIN EXECUTE 'SET LOCAL ' || a || ' = 1'; RETURN ''; END"
        ),
        None,
    ),
    "a view with a name that is not known": (
        "CREATE TABLE s.t (a text); CREATE VIEW s.v AS SELECT current_setting(a, true) FROM s.t",
        None,
    ),
    "a trigger's argument": (
        "CREATE FUNCTION s.f() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM current_setting(TG_ARGV[0]); RETURN new; END $$",
        None,
    ),
}


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    return postgres.create_database()


@pytest.fixture
def schema(postgres: Postgres, url: str) -> Iterator[Callable[..., None]]:
    """Make something in the schema `s`, which is gone afterwards."""
    postgres.run("CREATE SCHEMA s", url=url)

    def make(*statements: str) -> None:
        postgres.run(*statements, url=url)

    yield make
    postgres.run("SET client_min_messages = warning", "DROP SCHEMA s CASCADE", url=url)


def look(url: str, *schemas: str) -> Found:
    return asyncio.run(introspect(url, schemas or ("s",)))


def connected(url: str, use: Callable[["asyncpg.Connection[asyncpg.Record]"], Awaitable[T]]) -> T:
    async def main() -> T:
        connection = await asyncpg.connect(url)
        try:
            return await use(connection)
        finally:
            await connection.close()

    return asyncio.run(main())


@pytest.mark.parametrize("what", MENTIONED)
def test_what_is_read_or_set_is_found_or_known_to_be_unknown(url: str, schema: Callable[..., None], what: str) -> None:
    statement, mentioned = MENTIONED[what]
    schema(statement)
    assert look(url).mentioned == (None if mentioned is None else frozenset(mentioned))


def test_settings_are_looked_for_in_every_schema(url: str, schema: Callable[..., None]) -> None:
    schema(MENTIONED["a call"][0])
    assert look(url, "public").mentioned == {"request.headers"}


def test_roles_that_it_may_become_bring_their_settings(postgres: Postgres) -> None:
    url = postgres.create_database()
    name = urlsplit(url).path.removeprefix("/")
    postgres.run(
        "CREATE ROLE connecting LOGIN NOINHERIT",
        "CREATE ROLE reader",
        "CREATE ROLE writer",
        "CREATE ROLE stranger",
        "GRANT reader, writer TO connecting",
        "ALTER ROLE connecting SET statement_timeout = '9s'",
        "ALTER ROLE reader SET statement_timeout = '1s'",
        f"ALTER ROLE reader IN DATABASE {name} SET statement_timeout = '2s'",
        "ALTER ROLE reader SET default_transaction_isolation = 'REPEATABLE READ'",
        "ALTER ROLE writer SET log_statement = 'all'",
        "ALTER ROLE writer SET work_mem = '8MB'",
        "ALTER ROLE stranger SET statement_timeout = '3s'",
    )
    try:
        found = look(url.replace("//postgres:", "//connecting:"))
        assert found.role_settings == {
            "reader": (("statement_timeout", "2s"), ("default_transaction_isolation", "REPEATABLE READ")),
            "writer": (("work_mem", "8MB"),),
        }
    finally:
        postgres.run(f"DROP DATABASE {name}", "DROP ROLE connecting, reader, writer, stranger")


def test_a_look_is_of_one_moment_and_leaves_nothing_behind(url: str) -> None:
    async def use(connection: "asyncpg.Connection[asyncpg.Record]") -> tuple[str, str]:
        before = await connection.fetchval("SHOW search_path")
        await introspect(connection, ("public",))
        return before, await connection.fetchval("SHOW search_path")

    before, after = connected(url, use)
    assert before == after


def test_a_database_that_is_not_there_is_a_problem(url: str) -> None:
    with pytest.raises(Problem) as raised:
        look("postgresql:///nowhere?host=/nowhere")
    assert raised.value.code == "MS503"


def test_a_thousand_tables_take_as_many_questions_as_one(url: str, schema: Callable[..., None]) -> None:
    def questions() -> tuple[int, Found]:
        async def counted(connection: "asyncpg.Connection[asyncpg.Record]") -> tuple[int, Found]:
            asked: list[object] = []
            with connection.query_logger(asked.append):
                found = await introspect(connection, ("s",))
                await asyncio.sleep(0)  # the driver logs a statement after it has answered
            return len(asked), found

        return connected(url, counted)

    schema("CREATE TABLE s.t0 (id int PRIMARY KEY)")
    few, _ = questions()
    schema(
        "DO $$ BEGIN FOR n IN 1 .. 999 LOOP EXECUTE format("
        "'CREATE TABLE s.t%s (id int PRIMARY KEY, up int REFERENCES s.t%s, a text)', n, n - 1); END LOOP; END $$"
    )
    many, found = questions()
    assert few == many == QUESTIONS
    catalog = reflect_database(found, ("s",), 1)
    assert len(catalog.tables) == 1_000
    assert sum(len(table.relations) for table in catalog.tables.values()) == 2 * 999
