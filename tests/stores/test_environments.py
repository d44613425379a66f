"""Roles and settings on a lane: what a statement runs under, and that nothing of it is left for the next."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from mainstay.core.condition import Slot
from mainstay.core.environment import NONE, Environment, Isolation
from mainstay.core.operation import Ending
from mainstay.core.problem import Problem, Refusal
from mainstay.core.statement import Batch, Bind, Column, Mode, Statement
from mainstay.stores.postgres import PostgresSettings, PostgresStore
from services.postgres import Postgres

WHO = Statement(
    text="SELECT 1::bigint AS rows, "
    "json_build_array(current_user, current_setting($$request.jwt.claims$$, true)) AS body",
    binds=(),
    columns=(Column.ROWS, Column.BODY),
)
ECHO = Statement(
    text="SELECT 1::bigint AS rows, json_build_array($1::text, current_user) AS body",
    binds=(Bind(Slot(0)),),
    columns=(Column.ROWS, Column.BODY),
    batch=Batch(
        "SELECT 1::bigint AS rows, json_build_array(v, current_user, count(*) OVER ()) AS body "
        "FROM unnest($1::text::text[]) WITH ORDINALITY AS r(v, n) ORDER BY n",
        (0,),
    ),
)
ISOLATION = Statement(
    text="SELECT 1::bigint AS rows, to_json(current_setting('transaction_isolation')) AS body",
    binds=(),
    columns=(Column.ROWS, Column.BODY),
)
ADD = Statement(
    text="WITH w AS (INSERT INTO t SELECT $1::text::int RETURNING 1) SELECT count(*) AS rows FROM w",
    binds=(Bind(Slot(0)),),
    columns=(Column.ROWS,),
    mode=Mode.WRITE,
)
COUNT = Statement(text="SELECT count(*) AS rows FROM t", binds=(), columns=(Column.ROWS,))
ANNA = Environment("env_anna", (("request.jwt.claims", '{"sub": "anna"}'),))
BERT = Environment("env_bert", (("request.jwt.claims", '{"sub": "bert"}'),))


def as_role(environment: Environment, *, before: str | None = None) -> Environment:
    return Environment(environment.role, environment.settings, before, transaction=True)


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    for role in ("env_anna", "env_bert"):
        postgres.run(f"CREATE ROLE {role}")
    return postgres.create_database(
        "CREATE TABLE t (n int)",
        "GRANT SELECT, INSERT ON t TO env_anna",
        "CREATE FUNCTION shut() RETURNS void LANGUAGE plpgsql AS 'BEGIN RAISE SQLSTATE $$PT402$$; END'",
    )


def run(url: str, scenario: Callable[[PostgresStore], Awaitable[None]], **settings: Any) -> None:
    async def main() -> None:
        store = PostgresStore(url, PostgresSettings(**({"lanes_read": 1, "lanes_write": 1} | settings)))
        await store.start()
        try:
            await scenario(store)
        finally:
            await store.close()

    asyncio.run(main())


@pytest.mark.parametrize("form", [lambda environment: environment, as_role], ids=["entered", "in a transaction"])
def test_a_statement_meets_its_own_role_and_settings_and_no_other(
    url: str, form: Callable[[Environment], Environment]
) -> None:
    async def scenario(store: PostgresStore) -> None:
        anna, bert = form(ANNA), form(BERT)
        for environment, expected in (
            (anna, b'["env_anna", "{\\"sub\\": \\"anna\\"}"]'),
            (bert, b'["env_bert", "{\\"sub\\": \\"bert\\"}"]'),
            (anna, b'["env_anna", "{\\"sub\\": \\"anna\\"}"]'),
        ):
            assert (await store.execute(WHO, (), environment=environment)).body == expected
        user, claims = ((await store.execute(WHO, ())).body or b"").decode().strip("[]").split(", ")
        assert "env_" not in user
        assert claims in ("null", '""')

    run(url, scenario)


def test_a_failed_role_is_a_problem_and_leaves_the_lane_as_it_was(url: str) -> None:
    async def scenario(store: PostgresStore) -> None:
        await store.execute(WHO, (), environment=ANNA)
        with pytest.raises(Problem) as caught:
            await store.execute(WHO, (), environment=Environment("env_nobody", ANNA.settings))
        assert (caught.value.code, caught.value.where) == ("22023", "role")
        assert b"env_anna" in ((await store.execute(WHO, (), environment=ANNA)).body or b"")
        assert b"env_bert" in ((await store.execute(WHO, (), environment=BERT)).body or b"")

    run(url, scenario)


def test_requests_of_one_environment_share_a_statement_and_others_never_do(url: str) -> None:
    async def scenario(store: PostgresStore) -> None:
        asked = [(ANNA if number % 2 else BERT, str(number)) for number in range(12)]
        results = await asyncio.gather(*(store.execute(ECHO, [value], environment=each) for each, value in asked))
        bodies = [(result.body or b"").decode() for result in results]
        assert all(
            body.startswith(f'["{value}", "{each.role}"') for (each, value), body in zip(asked, bodies, strict=True)
        )
        assert any(body.endswith(", 6]") or body.endswith(", 5]") for body in bodies), bodies

    run(url, scenario)


def test_grants_decide_in_reads_and_in_writes(url: str) -> None:
    async def scenario(store: PostgresStore) -> None:
        assert (await store.execute(ADD, ["1"], Ending.ROLLBACK, ANNA)).rows == 1
        assert (await store.execute(COUNT, (), environment=ANNA)).rows == 0
        for statement, binds in ((ADD, ["1"]), (COUNT, [])):
            with pytest.raises(Refusal) as caught:
                await store.execute(statement, binds, environment=BERT)
            assert caught.value.code == "42501"

    run(url, scenario)


def test_what_comes_before_can_refuse_the_request(url: str) -> None:
    async def scenario(store: PostgresStore) -> None:
        with pytest.raises(Refusal) as caught:
            await store.execute(WHO, (), environment=as_role(ANNA, before="SELECT shut()"))
        assert caught.value.code == "PT402"

    run(url, scenario)


def test_a_transaction_has_the_isolation_asked_for(url: str) -> None:
    async def scenario(store: PostgresStore) -> None:
        serializable = Environment(isolation=Isolation.SERIALIZABLE, transaction=True)
        assert (await store.execute(ISOLATION, (), environment=serializable)).body == b'"serializable"'
        assert (await store.execute(ISOLATION, (), environment=NONE)).body == b'"read committed"'

    run(url, scenario)


def test_a_read_stays_read_only_whoever_asks(url: str) -> None:
    sly = Statement(text=ADD.text, binds=ADD.binds, columns=ADD.columns)

    async def scenario(store: PostgresStore) -> None:
        for environment in (ANNA, as_role(ANNA)):
            with pytest.raises(Refusal) as caught:
                await store.execute(sly, ["1"], environment=environment)
            assert caught.value.code == "25006"

    run(url, scenario)
