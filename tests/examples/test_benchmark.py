"""The benchmark measures what it says: the right answers, and the statement that Mainstay really sends."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bench.cases import NEW_YEAR, Case, Key, draw_keys, normal, right_answer, without_key
from bench.load import Measurement, Request, line
from bench.pgbench import Random, Script, definitions, pgbench, with_random, written
from bench.report import TIMES, summarize, table, write_json
from bench.rivals.graphql import GraphQL
from bench.rivals.mainstay import Mainstay
from bench.tokens import SECRET
from mainstay.core.exchange import Request as Exchange
from mainstay.settings import Settings
from services.postgres import Postgres

READS = [case for case in Case if case is not Case.INSERT]


def ask(database: str, question: Callable[[asyncpg.Connection], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        connection = await asyncpg.connect(database)
        try:
            return await question(connection)
        finally:
            await connection.close()

    return asyncio.run(run())


def ours() -> Mainstay:
    return Mainstay(None)  # type: ignore[arg-type] - it is never started


@pytest.mark.parametrize("case", READS)
def test_the_statement_for_a_case_gives_the_right_answer(case: Case, flights_database: str) -> None:
    async def compare(connection: asyncpg.Connection) -> None:
        for key in (await draw_keys(connection, case))[:10]:
            script = ours().script(case, key)
            row = await connection.fetchrow(script.text, *script.binds)
            assert ours().content(case, row["body"].encode()) == await right_answer(connection, case, key)

    ask(flights_database, compare)


def test_what_is_asked_by_graphql_gives_the_right_answer(flights_database: str) -> None:
    from bench.app import app

    server = GraphQL(None)  # type: ignore[arg-type] - it is never started

    async def compare(connection: asyncpg.Connection) -> None:
        app.configure(Settings(database_url=flights_database, jwt_secret=SECRET))
        await app.start()
        try:
            for case in server.cases:
                for key in (await draw_keys(connection, case))[:5]:
                    sent = server.request(case, key)
                    headers = {name.lower(): value for name, value in sent.headers}
                    answer = await app.handle(Exchange(sent.method, sent.path, "", headers, sent.body.encode()))
                    right = await right_answer(connection, case, key)
                    assert server.content(case, answer.body or b"") == right
        finally:
            await app.stop()

    ask(flights_database, compare)


def test_the_statement_for_an_insert_inserts_the_flight(flights_database: str) -> None:
    async def insert(connection: asyncpg.Connection) -> None:
        key = (await draw_keys(connection, Case.INSERT))[0]
        script = ours().script(Case.INSERT, key)
        transaction = connection.transaction()
        await transaction.start()
        await connection.fetchrow(script.text, *script.binds)
        rows = await connection.fetch("SELECT * FROM flights WHERE year = $1", NEW_YEAR)
        assert [without_key(normal(dict(row))) for row in rows] == [await right_answer(connection, Case.INSERT, key)]
        await transaction.rollback()

    ask(flights_database, insert)


@pytest.mark.parametrize("case", list(Case))
def test_keys_are_many_and_the_same_in_every_run(case: Case, flights_database: str) -> None:
    async def draw(connection: asyncpg.Connection) -> list[Key]:
        return list(await draw_keys(connection, case))

    keys = ask(flights_database, draw)
    assert len(keys) >= 1000
    assert keys == ask(flights_database, draw)


def test_a_claims_flights_are_of_the_users_own_carrier(flights_database: str) -> None:
    async def compare(connection: asyncpg.Connection) -> None:
        for key in (await draw_keys(connection, Case.CLAIM))[:20]:
            assert key.user is not None
            carrier = await connection.fetchval("SELECT carrier FROM flights WHERE id = $1", key.flight)
            assert carrier == key.user.carrier

    ask(flights_database, compare)


def test_pgbench_runs_a_statement_with_each_kind_of_bind(postgres: Postgres) -> None:
    database = postgres.create_database("CREATE TABLE seen (text text, number int, nothing text)")
    insert = "INSERT INTO seen VALUES (CAST($1 AS text), CAST($2 AS text)::int, CAST($3 AS text))"
    script = Script(insert, ('it\'s "so": $1', Random(5, 7), None))
    measured = pgbench(postgres.binaries / "pgbench", database, [script], 1)
    assert measured.requests_per_s > 0
    seen = postgres.run("SELECT DISTINCT text, number, nothing IS NULL FROM seen ORDER BY number", url=database)
    assert seen.splitlines() == [f'it\'s "so": $1|{number}|t' for number in (5, 6, 7)]


def test_each_of_several_scripts_has_its_own_binds() -> None:
    scripts = [Script("SELECT $1", ("first",)), Script("SELECT $1", ("second",))]
    assert [definitions(script, number) for number, script in enumerate(scripts)] == [
        ["--define=b1_0=first"],
        ["--define=b1_1=second"],
    ]
    assert [written(script, number) for number, script in enumerate(scripts)] == ["SELECT :b1_0;\n", "SELECT :b1_1;\n"]


def test_a_statement_that_pgbench_would_misread_is_refused() -> None:
    with pytest.raises(ValueError, match="for a variable"):
        written(Script("SELECT to_char(now(), 'HH24:MI')"), 0)


def test_only_the_key_is_drawn_at_random() -> None:
    script = with_random(Script("SELECT $1, $2, $3", ("17", "UA", None)), "17", Random(1, 9))
    assert script.binds == (Random(1, 9), "UA", None)


def test_pgbench_says_what_is_wrong(postgres: Postgres) -> None:
    with pytest.raises(RuntimeError, match="nowhere"):
        pgbench(postgres.binaries / "pgbench", postgres.url(), [Script("SELECT * FROM nowhere")], 1)


def test_a_requests_line_holds_all_of_it() -> None:
    request = Request("POST", "/flights?a=b", (("Accept", "text/csv"), ("Prefer", "return=minimal")), '{"a": "b c"}')
    fields = ["POST", "/flights?a=b", '{"a": "b c"}', "Accept", "text/csv", "Prefer", "return=minimal"]
    assert line(request) == "\t".join(fields) + "\n"


RESULTS = {
    Case.KEY: {
        "pgbench": [Measurement(40_000.0), Measurement(41_000.0), Measurement(10.0)],
        "mainstay": [Measurement(20_000.0, 1.0, 9.0), Measurement(1.0, 3.0, 7.0), Measurement(21_000.0, 2.0, 8.0)],
        "fastapi": [Measurement(1000.0, 30.0, 90.0)],
        "pocketbase": [Measurement(5000.0, 5.0, 50.0)],
    },
    Case.CLAIM: {"mainstay": [Measurement(18_000.0, 1.0, 2.0)]},
}
BY_GRAPHQL = {Case.KEY: {"mainstay": [Measurement(20_000.0)], "graphql": [Measurement(19_000.0)]}}


def test_the_json_is_of_the_documented_form(tmp_path: Path) -> None:
    write_json(summarize(RESULTS), tmp_path / "figures.json")
    key, claim = json.loads((tmp_path / "figures.json").read_text())["cases"]
    ratio = {"pgbench": 0.5, "fastapi": 20.0, "pocketbase": 4.0}
    assert key == {"case": "key", "requests_per_s": 20_000.0, "p50_ms": 2.0, "p99_ms": 8.0, "ratio": ratio}
    assert claim == {"case": "claim", "requests_per_s": 18_000.0, "p50_ms": 1.0, "p99_ms": 2.0, "ratio": {}}


def test_the_table_has_a_row_for_each_server_and_says_what_a_claim_costs() -> None:
    lines = table(RESULTS).splitlines()
    assert [row.split("|")[2].strip() for row in lines[2:7]] == [
        "pgbench",
        "mainstay",
        "fastapi",
        "pocketbase",
        "mainstay",
    ]
    assert lines[-1].endswith("0.90 of its key.")
    assert len({len(row) for row in lines[:7]}) == 1


def test_the_report_says_what_graphql_costs_beside_rest() -> None:
    assert table(BY_GRAPHQL).splitlines()[-1].endswith(f"GraphQL is, of REST: key {TIMES} 0.95.")
    assert summarize(BY_GRAPHQL).graphql == {"key": 0.95}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--cases", "key,page2"], "there is no 'page2'"),
        (["--servers", "flask"], "there is no 'flask'"),
    ],
)
def test_the_command_names_what_it_does_not_know(options: list[str], said: str) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "bench", *options], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert said in done.stderr
