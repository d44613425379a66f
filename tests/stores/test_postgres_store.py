"""The PostgreSQL store against the real server: batching, failure, cancellation, and what it survives."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
import pytest

from mainstay.core.condition import Slot
from mainstay.core.operation import Ending
from mainstay.core.plan import Guard
from mainstay.core.problem import Problem, Refusal
from mainstay.core.statement import Batch, Bind, Column, Mode, Statement
from mainstay.stores.postgres import PostgresSettings, PostgresStore
from services.postgres import Postgres, launch

ROWS_BODY = (Column.ROWS, Column.BODY)
DOUBLE = Statement(
    text="SELECT 1::bigint AS rows, to_json($1::text::int * 2) AS body",
    binds=(Bind(Slot(0)),),
    columns=ROWS_BODY,
    batch=Batch(
        "SELECT 1::bigint AS rows, to_json(v::int * 2) AS body "
        "FROM unnest($1::text::text[]) WITH ORDINALITY AS r(v, n) ORDER BY n",
        (0,),
    ),
)
SLEEP = Statement(
    text="SELECT 1::bigint AS rows, to_json(pg_sleep($1::text::float)::text) AS body",
    binds=(Bind(Slot(0)),),
    columns=ROWS_BODY,
)
BUSY = """
SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()
"""
LANES = "FROM pg_stat_activity WHERE application_name = 'mainstay'"


def insert(text: str = "n", *, affected_max: int | None = None) -> Statement:
    one = (
        f"WITH w AS (INSERT INTO t SELECT ({text}) FROM json_to_record($1::text::json) AS r(n int) RETURNING 1) "
        "SELECT count(*) AS rows FROM w"
    )
    many = one.replace("json_to_record(", "json_to_recordset(")
    return Statement(
        text=one,
        binds=(Bind(Slot(0)),),
        columns=(Column.ROWS,),
        mode=Mode.WRITE,
        batch=Batch(many, (0,), joined=True),
        guard=Guard(affected_max=affected_max),
    )


def run(url: str, scenario: Callable[[PostgresStore], Awaitable[None]], **settings: Any) -> None:
    async def main() -> None:
        few = {"lanes_read": 1, "lanes_write": 1, "batch_max": 32}
        store = PostgresStore(url, PostgresSettings(**(few | settings)))
        await store.start()
        try:
            await scenario(store)
        finally:
            await store.close()

    asyncio.run(main())


def table(postgres: Postgres) -> str:
    return postgres.create_database("CREATE TABLE t (n int UNIQUE)")


async def ask(url: str, query: str) -> Any:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def bodies(store: PostgresStore, values: Sequence[str | None]) -> list[bytes | None]:
    results = await asyncio.gather(*(store.execute(DOUBLE, [value]) for value in values))
    return [result.body for result in results]


def count_statements(store: PostgresStore) -> list[str]:
    """Every text that the store's lanes send from here on."""
    sent: list[str] = []
    for lanes in (store._reads, store._writes):
        for lane in lanes._lanes:
            original = lane.fetch

            async def counted(text: str, *arguments: Any, original: Any = original) -> Any:
                sent.append(text)
                return await original(text, *arguments)

            lane.fetch = counted  # type: ignore[method-assign]
    return sent


def test_what_waits_for_a_busy_lane_goes_out_as_one_statement(postgres: Postgres) -> None:
    async def scenario(store: PostgresStore) -> None:
        sent = count_statements(store)
        assert await bodies(store, [str(n) for n in range(20)]) == [str(2 * n).encode() for n in range(20)]
        assert sent == [DOUBLE.batch.text]  # type: ignore[union-attr]

    run(postgres.url(), scenario)


def test_a_request_that_finds_a_free_lane_goes_out_alone(postgres: Postgres) -> None:
    async def scenario(store: PostgresStore) -> None:
        sent = count_statements(store)
        for n in range(3):
            assert (await store.execute(DOUBLE, [str(n)])).body == str(2 * n).encode()
        assert sent == [DOUBLE.text] * 3

    run(postgres.url(), scenario)


def test_a_batch_holds_no_more_than_its_limit(postgres: Postgres) -> None:
    async def scenario(store: PostgresStore) -> None:
        sent = count_statements(store)
        await bodies(store, [str(n) for n in range(20)])
        assert len(sent) == 3  # 8, 8 and 4

    run(postgres.url(), scenario, batch_max=8)


@pytest.mark.parametrize("value", ["x", "", None, '"', "\\", "{1}", "NULL", "99999999999999999999"])
def test_a_bad_value_fails_its_own_request_only(postgres: Postgres, value: str | None) -> None:
    async def scenario(store: PostgresStore) -> None:
        values = ["1", value, "3"]
        results = await asyncio.gather(*(store.execute(DOUBLE, [each]) for each in values), return_exceptions=True)
        alone = await asyncio.gather(store.execute(DOUBLE, [value]), return_exceptions=True)
        assert [getattr(result, "body", None) for result in results[::2]] == [b"2", b"6"]
        if isinstance(alone[0], Problem):
            assert isinstance(results[1], Refusal)
            assert (results[1].code, results[1].message) == (alone[0].code, alone[0].message)
        else:
            assert results[1].body == alone[0].body  # type: ignore[union-attr]

    run(postgres.url(), scenario)


def test_requests_that_differ_in_a_constant_are_not_batched(postgres: Postgres) -> None:
    like = Statement(
        text="SELECT 1::bigint AS rows, to_json('abc' LIKE $1::text) AS body",
        binds=(Bind(Slot(0), constant=True),),
        columns=ROWS_BODY,
    )

    async def scenario(store: PostgresStore) -> None:
        sent = count_statements(store)
        results = await asyncio.gather(*(store.execute(like, [p]) for p in ("a%", "x%", "a%")))
        assert [result.body for result in results] == [b"true", b"false", b"true"]
        assert len(sent) == 2  # those that are one and the same share an answer

    run(postgres.url(), scenario)


def test_inserts_of_one_shape_share_a_commit(postgres: Postgres) -> None:
    url = table(postgres)

    async def scenario(store: PostgresStore) -> None:
        sent = count_statements(store)
        statement = insert()
        results = await asyncio.gather(*(store.execute(statement, [f'{{"n": {n}}}']) for n in range(20)))
        assert [result.rows for result in results] == [1] * 20
        assert len(sent) == 1
        assert await ask(url, "SELECT count(*) FROM t") == 20

    run(url, scenario)


def test_an_insert_that_fails_takes_no_other_with_it(postgres: Postgres) -> None:
    url = table(postgres)

    async def scenario(store: PostgresStore) -> None:
        statement = insert()
        rows = ['{"n": 1}', '{"n": 1}', '{"n": "x"}', '{"n": 2}']
        results = await asyncio.gather(*(store.execute(statement, [row]) for row in rows), return_exceptions=True)
        assert [getattr(result, "code", "ok") for result in results] == ["ok", "23505", "22P02", "ok"]
        assert await ask(url, "SELECT array_agg(n ORDER BY n)::text FROM t") == "{1,2}"

    run(url, scenario)


def test_a_write_that_breaks_its_guard_is_rolled_back(postgres: Postgres) -> None:
    url = table(postgres)

    async def scenario(store: PostgresStore) -> None:
        with pytest.raises(Problem) as refused:
            await store.execute(insert(affected_max=0), ['{"n": 1}'])
        assert refused.value.code == "PGRST124"
        assert await ask(url, "SELECT count(*) FROM t") == 0

    run(url, scenario)


def test_a_write_may_ask_to_be_rolled_back(postgres: Postgres) -> None:
    url = table(postgres)

    async def scenario(store: PostgresStore) -> None:
        assert (await store.execute(insert(), ['{"n": 1}'], Ending.ROLLBACK)).rows == 1
        assert await ask(url, "SELECT count(*) FROM t") == 0

    run(url, scenario)


def test_a_read_lane_can_not_write(postgres: Postgres) -> None:
    url = table(postgres)
    sly = Statement(
        text="WITH w AS (INSERT INTO t VALUES (1) RETURNING 1) SELECT count(*) AS rows FROM w",
        binds=(),
        columns=(Column.ROWS,),
    )

    async def scenario(store: PostgresStore) -> None:
        with pytest.raises(Refusal) as refused:
            await store.execute(sly, [])
        assert refused.value.code == "25006"

    run(url, scenario)


def test_a_statement_that_takes_too_long_is_cancelled(postgres: Postgres) -> None:
    async def scenario(store: PostgresStore) -> None:
        with pytest.raises(Refusal) as refused:
            await store.execute(SLEEP, ["5"])
        assert refused.value.code == "57014"
        assert (await store.execute(DOUBLE, ["1"])).body == b"2"

    run(postgres.url(), scenario, statement_ms_max=100)


def test_a_statement_that_nobody_waits_for_is_cancelled_on_the_server(postgres: Postgres) -> None:
    async def scenario(store: PostgresStore) -> None:
        waiting = asyncio.create_task(store.execute(SLEEP, ["1.9"]))
        while await ask(postgres.url(), BUSY) != 1:
            await asyncio.sleep(0.01)
        waiting.cancel()
        assert (await store.execute(DOUBLE, ["1"])).body == b"2"  # the lane is free before the statement's time
        assert await ask(postgres.url(), BUSY) == 0

    run(postgres.url(), scenario)


def test_a_request_that_is_given_up_leaves_the_others_of_its_batch_alone(postgres: Postgres) -> None:
    async def scenario(store: PostgresStore) -> None:
        tasks = [asyncio.create_task(store.execute(DOUBLE, [str(n)])) for n in range(5)]
        await asyncio.sleep(0)
        tasks[2].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert isinstance(results[2], asyncio.CancelledError)
        assert [r.body for r in results if not isinstance(r, BaseException)] == [b"0", b"2", b"6", b"8"]

    run(postgres.url(), scenario)


def test_past_the_queue_s_limit_a_request_is_refused_at_once(postgres: Postgres) -> None:
    async def scenario(store: PostgresStore) -> None:
        results = await asyncio.gather(*(store.execute(DOUBLE, [str(n)]) for n in range(6)), return_exceptions=True)
        assert [getattr(result, "code", "ok") for result in results] == ["ok"] * 4 + ["MS504"] * 2
        assert [result.retry_after_s for result in results if isinstance(result, Problem)] == [1, 1]

    run(postgres.url(), scenario, queue_max=4)


def test_a_shape_that_is_slow_runs_alone(postgres: Postgres) -> None:
    slow = Statement(
        text="SELECT 1::bigint AS rows, to_json(pg_sleep(0.03)::text) AS body, $1::text AS key",
        binds=(Bind(Slot(0)),),
        columns=(Column.ROWS, Column.BODY, Column.KEY),
        batch=Batch(
            "SELECT 1::bigint AS rows, to_json(''::text) AS body, v AS key FROM unnest($1::text::text[]) AS v", (0,)
        ),
    )

    async def scenario(store: PostgresStore) -> None:
        await store.execute(slow, ["a"])
        sent = count_statements(store)
        await asyncio.gather(*(store.execute(slow, [key]) for key in "abc"))
        assert sent == [slow.text] * 3

    run(postgres.url(), scenario)


def test_slow_statements_hold_no_quick_one_up(postgres: Postgres) -> None:
    async def scenario(store: PostgresStore) -> None:
        slow = [asyncio.create_task(store.execute(SLEEP, [f"1.{n}"])) for n in range(5)]
        await asyncio.sleep(0)
        assert await bodies(store, ["1", "2"]) == [b"2", b"4"]
        assert not any(task.done() for task in slow)
        for task in slow:
            task.cancel()

    run(postgres.url(), scenario, lanes_read=3)


def test_a_batch_that_times_out_is_tried_one_by_one_without_a_queue_of_timeouts(postgres: Postgres) -> None:
    batched = Statement(
        text=SLEEP.text,
        binds=SLEEP.binds,
        columns=ROWS_BODY,
        batch=Batch(
            "SELECT 1::bigint AS rows, to_json(pg_sleep(v::float)::text) AS body FROM unnest($1::text::text[]) AS v",
            (0,),
        ),
    )

    async def scenario(store: PostgresStore) -> None:
        waiting = (store.execute(batched, [each]) for each in ["0.1"] * 8)
        results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [getattr(result, "rows", result) for result in results] == [1] * 8

    run(postgres.url(), scenario, lanes_read=4, statement_ms_max=400)


def test_a_lost_connection_is_made_again_and_reads_are_asked_once_more(postgres: Postgres) -> None:
    async def scenario(store: PostgresStore) -> None:
        waiting = asyncio.create_task(store.execute(SLEEP, ["0.2"]))
        while await ask(postgres.url(), BUSY) != 1:
            await asyncio.sleep(0.01)
        await ask(postgres.url(), f"SELECT pg_terminate_backend(pid) {LANES}")
        assert (await waiting).rows == 1
        assert (await store.execute(DOUBLE, ["1"])).body == b"2"

    run(postgres.url(), scenario)


def test_a_statement_is_prepared_once(postgres: Postgres) -> None:
    prepared = Statement(
        text="SELECT 1::bigint AS rows, json_object_agg(statement, generic_plans + custom_plans) AS body "
        "FROM pg_prepared_statements",
        binds=(),
        columns=ROWS_BODY,
    )

    async def scenario(store: PostgresStore) -> None:
        for n in range(3):
            await store.execute(DOUBLE, [str(n)])
        runs = json.loads((await store.execute(prepared, [])).body or b"")
        assert runs == {DOUBLE.text: 3, prepared.text: 1}

    run(postgres.url(), scenario)


def test_a_table_that_changed_does_not_fail_what_was_prepared_before(postgres: Postgres) -> None:
    url = postgres.create_database("CREATE TABLE p (a int)", "INSERT INTO p VALUES (1)")
    star = Statement(
        text="SELECT 1::bigint AS rows, to_json(p) AS body FROM (SELECT * FROM p) p", binds=(), columns=ROWS_BODY
    )

    async def scenario(store: PostgresStore) -> None:
        assert (await store.execute(star, [])).body == b'{"a":1}'
        await ask(url, "ALTER TABLE p ADD b int")
        assert (await store.execute(star, [])).body == b'{"a":1,"b":null}'

    run(url, scenario)


def test_explain_of_a_write_writes_nothing(postgres: Postgres) -> None:
    url = table(postgres)

    async def scenario(store: PostgresStore) -> None:
        result = await store.explain(insert(), ['{"n": 1}'], frozenset({"analyze", "format_text"}))
        assert b"Insert on t" in (result.body or b"")
        assert await ask(url, "SELECT count(*) FROM t") == 0

    run(url, scenario)


@pytest.fixture
def own_postgres() -> Any:
    server = launch()
    yield server
    server.stop()


def test_a_database_that_is_restarted_comes_back_by_itself(own_postgres: Postgres) -> None:
    async def scenario(store: PostgresStore) -> None:
        assert (await store.execute(DOUBLE, ["1"])).body == b"2"
        await asyncio.to_thread(own_postgres.server._stop)
        with pytest.raises(Problem) as refused:
            await asyncio.wait_for(store.execute(DOUBLE, ["1"]), 5)
        assert refused.value.code == "MS503"
        assert not await store.ready()
        await asyncio.to_thread(own_postgres.server.ensure_postgres_running)
        async with asyncio.timeout(5):
            while not await store.ready():
                await asyncio.sleep(0.05)
        assert (await store.execute(DOUBLE, ["1"])).body == b"2"
        async with asyncio.timeout(5):
            while await ask(own_postgres.url(), f"SELECT count(*) {LANES}") < 2:
                await asyncio.sleep(0.05)
        assert await ask(own_postgres.url(), f"SELECT count(*) {LANES}") == 2  # one for each lane: none is leaked

    run(own_postgres.url(), scenario)


def test_no_store_without_a_database() -> None:
    async def scenario() -> None:
        with pytest.raises(Problem) as refused:
            await PostgresStore("postgresql://nobody@127.0.0.1:1/nothing").start()
        assert refused.value.code == "MS503"

    asyncio.run(scenario())
