"""Several statements in one transaction of a lane: all of them or none, within one statement's time."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from mainstay.core.condition import Slot
from mainstay.core.environment import NONE, Environment, Isolation
from mainstay.core.operation import Ending
from mainstay.core.ports import Transaction
from mainstay.core.problem import Problem, Refusal
from mainstay.core.statement import Bind, Column, Mode, Statement
from mainstay.stores.postgres import PostgresSettings, PostgresStore
from services.postgres import Postgres

ADD = Statement(
    text="WITH w AS (INSERT INTO t VALUES ($1::text::int) RETURNING 1) SELECT count(*) AS rows FROM w",
    binds=(Bind(Slot(0)),),
    columns=(Column.ROWS,),
    mode=Mode.WRITE,
)
CHANGE = Statement(
    text="WITH w AS (UPDATE t SET n = n + 1 RETURNING 1) SELECT count(*) AS rows FROM w",
    binds=(),
    columns=(Column.ROWS,),
    mode=Mode.WRITE,
)
COUNT = Statement(text="SELECT count(*) AS rows FROM t", binds=(), columns=(Column.ROWS,))
SLEEP = Statement(
    text="SELECT 1 AS rows FROM pg_sleep($1::text::float)", binds=(Bind(Slot(0)),), columns=(Column.ROWS,)
)


@pytest.fixture
def url(postgres: Postgres) -> str:
    return postgres.create_database("CREATE TABLE t (n int CHECK (n < 100))")


def run(url: str, scenario: Callable[[PostgresStore], Awaitable[None]], **settings: Any) -> None:
    async def main() -> None:
        store = PostgresStore(url, PostgresSettings(**({"lanes_read": 1, "lanes_write": 2} | settings)))
        await store.start()
        try:
            await scenario(store)
        finally:
            await store.close()

    asyncio.run(main())


def adding(*numbers: str) -> Callable[[Transaction], Awaitable[int]]:
    async def work(transaction: Transaction) -> int:
        for number in numbers:
            await transaction.execute(ADD, [number])
        return (await transaction.execute(COUNT, [])).rows

    return work


async def rows(store: PostgresStore) -> int:
    return (await store.execute(COUNT, [])).rows


def test_statements_see_those_before_them_and_are_committed_together(url: str) -> None:
    async def scenario(store: PostgresStore) -> None:
        assert await store.transact(adding("1", "2")) == 2
        assert await rows(store) == 2

    run(url, scenario)


@pytest.mark.parametrize(("number", "code"), [("x", "22P02"), ("100", "23514")])
def test_what_the_database_refuses_undoes_all_of_it(url: str, number: str, code: str) -> None:
    async def scenario(store: PostgresStore) -> None:
        with pytest.raises(Refusal) as refused:
            await store.transact(adding("1", number, "2"))
        assert refused.value.code == code
        assert await rows(store) == 0
        assert await store.transact(adding("3")) == 1

    run(url, scenario)


def test_work_that_raises_undoes_all_of_it(url: str) -> None:
    async def work(transaction: Transaction) -> None:
        await transaction.execute(ADD, ["1"])
        raise Problem("MS475", "no")

    async def scenario(store: PostgresStore) -> None:
        with pytest.raises(Problem, match="no"):
            await store.transact(work)
        assert await rows(store) == 0

    run(url, scenario)


def test_a_transaction_may_ask_to_be_rolled_back(url: str) -> None:
    async def scenario(store: PostgresStore) -> None:
        assert await store.transact(adding("1"), ending=Ending.ROLLBACK) == 1
        assert await rows(store) == 0

    run(url, scenario)


def test_all_statements_together_have_the_time_of_one(url: str) -> None:
    async def work(transaction: Transaction) -> None:
        await transaction.execute(ADD, ["1"])
        for _ in range(4):
            await transaction.execute(SLEEP, ["0.1"])

    async def scenario(store: PostgresStore) -> None:
        with pytest.raises(Problem) as refused:
            await store.transact(work)
        assert refused.value.code == "57014"
        assert await rows(store) == 0
        assert await store.transact(adding("3")) == 1

    run(url, scenario, statement_ms_max=250, lanes_write=1)


def test_a_transaction_that_nobody_waits_for_is_rolled_back(url: str) -> None:
    async def work(transaction: Transaction) -> None:
        await transaction.execute(ADD, ["1"])
        await transaction.execute(SLEEP, ["10"])

    async def scenario(store: PostgresStore) -> None:
        task = asyncio.create_task(store.transact(work))
        await asyncio.sleep(0.2)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await store.transact(adding("3")) == 1

    run(url, scenario, statement_ms_max=20_000, lanes_write=1)


def test_under_repeatable_read_what_another_changed_meanwhile_is_refused(url: str) -> None:
    async def scenario(store: PostgresStore) -> None:
        await store.transact(adding("1"))

        async def work(transaction: Transaction) -> None:
            await transaction.execute(COUNT, [])
            connection = await asyncpg.connect(url)
            await connection.execute("UPDATE t SET n = 7")
            await connection.close()
            await transaction.execute(CHANGE, [])

        with pytest.raises(Refusal) as refused:
            await store.transact(work, isolation=Isolation.REPEATABLE_READ)
        assert refused.value.code == "40001"

    run(url, scenario)


WHO = Statement(
    text="""
    SELECT 1 AS rows, json_build_array(
      current_user, current_setting('request.path', true), current_setting('TimeZone'),
      current_setting('statement_timeout')) AS body
    """,
    binds=(),
    columns=(Column.ROWS, Column.BODY),
)


def test_each_statement_runs_under_its_own_environment_and_nothing_of_the_last_one(postgres: Postgres) -> None:
    url = postgres.create_database("CREATE ROLE guest_of_transactions")
    first = Environment("guest_of_transactions", (("request.path", "/a"), ("timezone", "Asia/Tokyo")))
    second = Environment("guest_of_transactions", (("request.path", "/b"), ("statement_timeout", "900")))

    async def work(transaction: Transaction) -> list[Any]:
        found = []
        for environment in (NONE, first, second, first, NONE):
            found.append(json.loads((await transaction.execute(WHO, [], environment)).body or b""))
        return found

    async def scenario(store: PostgresStore) -> None:
        before, *others, after = await store.transact(work)
        _, _, zone, timeout = before
        assert others == [
            ["guest_of_transactions", "/a", "Asia/Tokyo", timeout],
            ["guest_of_transactions", "/b", zone, "900ms"],
            ["guest_of_transactions", "/a", "Asia/Tokyo", timeout],
        ]
        assert after == [before[0], "", zone, timeout]
        assert (await store.transact(work))[0] == after

    run(url, scenario, lanes_write=1)
