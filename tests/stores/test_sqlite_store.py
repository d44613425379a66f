"""SQLite's lanes: what is kept and refused, several that write at once, one that is slow, one that is killed."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from mainstay.core.catalog import Kind
from mainstay.core.condition import Slot
from mainstay.core.environment import Environment
from mainstay.core.operation import Ending
from mainstay.core.plan import Guard
from mainstay.core.problem import Problem, Refusal
from mainstay.core.statement import Bind, Column, Member, Mode, Statement, Step
from mainstay.stores.sqlite import SQLiteSettings, SQLiteStore
from mainstay.stores.sqlite.store import path_of
from mainstay.stores.sqlite.values import float_text, is_like, value_of

COUNT = Statement("SELECT count(*) AS rows FROM items", (), (Column.ROWS,), dialect="SQLite")
INSERT = Statement(
    "SELECT count(*) AS rows FROM json_each(:written)",
    (Bind(Slot(0), kind=Kind.TEXT),),
    (Column.ROWS,),
    mode=Mode.WRITE,
    dialect="SQLite",
    before=(Step("INSERT INTO items (name) VALUES (:b0) RETURNING rowid", "written"),),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "items.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)")
    connection.close()
    return path


async def started(path: Path, **settings: int) -> SQLiteStore:
    store = SQLiteStore(f"sqlite:///{path}", SQLiteSettings(**settings))
    await store.start()
    return store


def test_what_is_written_is_read_by_every_lane(path: Path) -> None:
    async def use() -> None:
        store = await started(path, lanes_read=3)
        for number in range(20):
            assert (await store.execute(INSERT, [f"item {number}"])).rows == 1
            counts = await asyncio.gather(*(store.execute(COUNT, []) for _ in range(6)))
            assert {count.rows for count in counts} == {number + 1}
        await store.close()

    asyncio.run(use())


def test_in_memory_there_is_one_database() -> None:
    async def use() -> None:
        store = SQLiteStore("sqlite://")
        await store.start()
        created = Step("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)")
        await store.execute(
            Statement("SELECT 0", (), (Column.ROWS,), mode=Mode.WRITE, dialect="SQLite", before=(created,)), []
        )
        await asyncio.gather(*(store.execute(INSERT, [str(number)]) for number in range(50)))
        assert (await store.execute(COUNT, [])).rows == 50
        await store.close()

    asyncio.run(use())


def test_a_write_that_breaks_its_guard_or_a_constraint_leaves_nothing(path: Path) -> None:
    async def use() -> None:
        store = await started(path)
        guarded = Statement(
            INSERT.text,
            INSERT.binds,
            INSERT.columns,
            Mode.WRITE,
            guard=Guard(affected_max=0),
            dialect="SQLite",
            before=INSERT.before,
        )
        with pytest.raises(Problem) as caught:
            await store.execute(guarded, ["a"])
        assert caught.value.code == "PGRST124"
        await store.execute(INSERT, ["b"], Ending.ROLLBACK)
        assert (await store.execute(COUNT, [])).rows == 0
        await store.execute(INSERT, ["c"])
        for value, code, column in (("c", "23505", "name"), (None, "23502", "name")):
            with pytest.raises(Refusal) as refused:
                await store.execute(INSERT, [value])
            assert (refused.value.code, refused.value.table, refused.value.column) == (code, "items", column)
        assert (await store.execute(COUNT, [])).rows == 1
        await store.close()

    asyncio.run(use())


def test_a_transaction_is_done_whole_or_not_at_all(path: Path) -> None:
    async def use() -> None:
        store = await started(path)

        async def work(transaction: object) -> int:
            await transaction.execute(INSERT, ["a"])  # type: ignore[attr-defined]
            await transaction.execute(INSERT, ["b"])  # type: ignore[attr-defined]
            return int((await transaction.execute(COUNT, [])).rows)  # type: ignore[attr-defined]

        async def fail(transaction: object) -> None:
            await work(transaction)

        assert await store.transact(work, ending=Ending.ROLLBACK) == 2
        assert (await store.execute(COUNT, [])).rows == 0
        assert await store.transact(work) == 2
        with pytest.raises(Refusal, match="duplicate key"):
            await store.transact(fail)
        assert (await store.execute(COUNT, [])).rows == 2
        assert (await store.execute(INSERT, ["c"])).rows == 1
        await store.close()

    asyncio.run(use())


def test_writes_that_wait_are_committed_together_and_fail_alone(path: Path) -> None:
    async def use() -> None:
        store = await started(path, batch_max=100)
        outcomes = await asyncio.gather(
            *(store.execute(INSERT, [f"item {number % 40}"]) for number in range(60)),
            *(store.execute(INSERT, [f"undone {number}"], Ending.ROLLBACK) for number in range(10)),
            return_exceptions=True,
        )
        refused = [outcome for outcome in outcomes if isinstance(outcome, Refusal)]
        assert {each.code for each in refused} == {"23505"}
        assert len(refused) == 20
        assert (await store.execute(COUNT, [])).rows == 40
        await store.close()

    asyncio.run(use())


def test_a_write_that_is_interrupted_takes_none_of_the_others_with_it(path: Path) -> None:
    endless = "INSERT INTO items (name) WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    slow = Statement("SELECT 0", (), (Column.ROWS,), mode=Mode.WRITE, dialect="SQLite", before=(Step(endless),))

    async def use() -> None:
        store = await started(path, batch_max=100, statement_ms_max=100)
        writes = [store.execute(INSERT, [f"item {number}"]) for number in range(20)]
        writes.insert(10, store.execute(slow, []))
        outcomes = await asyncio.gather(*writes, return_exceptions=True)
        assert [getattr(outcome, "code", None) for outcome in outcomes] == [None] * 10 + ["57014"] + [None] * 10
        assert (await store.execute(COUNT, [])).rows == 20
        await store.close()

    asyncio.run(use())


def test_in_memory_nobody_reads_what_is_not_committed() -> None:
    async def use() -> None:
        store = SQLiteStore("sqlite://")
        await store.start()
        created = Step("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT)")
        await store.execute(
            Statement("SELECT 0", (), (Column.ROWS,), mode=Mode.WRITE, dialect="SQLite", before=(created,)), []
        )

        async def work(transaction: object) -> None:
            await transaction.execute(INSERT, ["a"])  # type: ignore[attr-defined]
            await asyncio.sleep(0.1)
            raise ValueError("undo it")

        async def look() -> int:
            await asyncio.sleep(0.05)
            return (await store.execute(COUNT, [])).rows

        undone, seen = await asyncio.gather(store.transact(work), look(), return_exceptions=True)
        assert (type(undone), seen) == (ValueError, 0)
        await store.close()

    asyncio.run(use())


def test_a_transaction_that_is_given_up_at_any_moment_leaves_the_lane_free(path: Path) -> None:
    async def use() -> None:
        store = await started(path)

        async def work(transaction: object) -> None:
            await transaction.execute(INSERT, ["a"])  # type: ignore[attr-defined]

        for moment in range(40):
            task = asyncio.create_task(store.transact(work, ending=Ending.ROLLBACK))
            for _ in range(moment // 2):
                await asyncio.sleep(0)
            if moment % 2:
                await asyncio.sleep(0.0005)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert (await asyncio.wait_for(store.execute(INSERT, [f"after {moment}"]), 10)).rows == 1
        await store.close()

    asyncio.run(use())


def test_a_role_has_its_own_time_and_other_settings_are_refused(path: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    slow = Statement(endless, (), (Column.ROWS,), dialect="SQLite")

    async def use() -> None:
        store = await started(path, statement_ms_max=60_000)
        own = Environment(settings=(("statement_timeout", "100"),))
        with pytest.raises(Refusal) as caught:
            await asyncio.wait_for(store.execute(slow, [], Ending.COMMIT, own), 20)
        assert caught.value.code == "57014"
        with pytest.raises(Problem, match="the setting timezone"):
            await store.execute(COUNT, [], Ending.COMMIT, Environment(settings=(("timezone", "UTC"),)))
        await store.close()

    asyncio.run(use())


def test_a_transaction_that_takes_too_long_is_rolled_back(path: Path) -> None:
    async def use() -> None:
        store = await started(path, statement_ms_max=200)

        async def work(transaction: object) -> None:
            await transaction.execute(INSERT, ["a"])  # type: ignore[attr-defined]
            await asyncio.sleep(5)

        with pytest.raises(Refusal) as caught:
            await store.transact(work)
        assert caught.value.code == "57014"
        assert (await store.execute(INSERT, ["a"])).rows == 1
        await store.close()

    asyncio.run(use())


def test_a_slow_statement_is_interrupted_and_its_lane_goes_on(path: Path) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

    async def use() -> None:
        store = await started(path, lanes_read=1, statement_ms_max=100)
        with pytest.raises(Refusal) as caught:
            await store.execute(Statement(endless, (), (Column.ROWS,), dialect="SQLite"), [])
        assert caught.value.code == "57014"
        assert (await store.execute(COUNT, [])).rows == 0
        assert await store.ready()
        await store.close()

    asyncio.run(use())


def test_a_read_lane_can_not_write(path: Path) -> None:
    async def use() -> None:
        store = await started(path)
        sneaking = Statement("DELETE FROM items RETURNING 1", (), (Column.ROWS,), dialect="SQLite")
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await store.execute(sneaking, [])
        await store.close()

    asyncio.run(use())


def test_foreign_keys_hold(tmp_path: Path) -> None:
    async def use() -> None:
        store = await started(tmp_path / "keys.db")
        steps = (
            Step("CREATE TABLE parents (id INTEGER PRIMARY KEY)"),
            Step("CREATE TABLE children (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES parents)"),
            Step("INSERT INTO children VALUES (1, 9)"),
        )
        write = Statement("SELECT 0", (), (Column.ROWS,), mode=Mode.WRITE, dialect="SQLite", before=steps)
        with pytest.raises(Refusal) as caught:
            await store.execute(write, [])
        assert caught.value.code == "23503"
        await store.close()

    asyncio.run(use())


def test_a_statement_for_another_database_is_refused(path: Path) -> None:
    async def use() -> None:
        store = await started(path)
        with pytest.raises(Problem) as caught:
            await store.execute(Statement("SELECT 1 AS rows", (), (Column.ROWS,)), [])
        assert caught.value.code == "MS495"
        await store.close()

    asyncio.run(use())


def test_a_file_that_is_none_can_not_be_had(tmp_path: Path) -> None:
    (tmp_path / "no.db").write_text("this is no database at all, however long it is" * 100)
    for place in (tmp_path / "no.db", tmp_path / "nowhere" / "x.db"):
        with pytest.raises(Problem) as caught:
            asyncio.run(started(place))
        assert caught.value.code == "MS503"


WRITER = """
import asyncio, sys
sys.path[:0] = ["tests"]
from stores.test_sqlite_store import INSERT, started
from pathlib import Path

async def main():
    store = await started(Path(sys.argv[1]))
    number = 0
    while True:
        await store.execute(INSERT, [f"{sys.argv[2]} {number}"])
        print(number, flush=True)
        number += 1

asyncio.run(main())
"""


def test_a_killed_process_loses_nothing_that_it_acknowledged(path: Path) -> None:
    root = Path(__file__).parents[2]
    for attempt in range(3):
        command = [sys.executable, "-c", WRITER, str(path), f"attempt {attempt}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, text=True) as process:
            assert process.stdout is not None
            acknowledged = [int(process.stdout.readline()) for _ in range(30)]
            os.kill(process.pid, signal.SIGKILL)
            acknowledged += [int(line) for line in process.stdout.read().splitlines() if line]
        connection = sqlite3.connect(path)
        kept = connection.execute("SELECT count(*) FROM items WHERE name LIKE ?", [f"attempt {attempt} %"]).fetchone()[
            0
        ]
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        connection.close()
        assert kept in (len(acknowledged), len(acknowledged) + 1)


def test_processes_that_write_at_once_wait_for_each_other(path: Path) -> None:
    root = Path(__file__).parents[2]
    commands = [[sys.executable, "-c", WRITER, str(path), name] for name in ("one", "other")]
    processes = [subprocess.Popen(each, stdout=subprocess.PIPE, cwd=root, text=True) for each in commands]
    for process in processes:
        assert process.stdout is not None
        assert [int(process.stdout.readline()) for _ in range(40)] == list(range(40))
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (Kind.INTEGER, " -7 ", -7),
        (Kind.NUMERIC, "2.50", 2.5),
        (Kind.NUMERIC, "12", 12),
        (Kind.FLOAT, "1e3", 1000.0),
        (Kind.BOOLEAN, "Yes", 1),
        (Kind.BOOLEAN, "off", 0),
        (Kind.DATE, "2024-02-29", "2024-02-29"),
        (Kind.TIMESTAMP, "2024-02-29T10:00:00.5", "2024-02-29 10:00:00.500000"),
        (Kind.TIMESTAMP, "2024-02-29 10:00:00+02:00", "2024-02-29 10:00:00.000000"),
        (Kind.TIMESTAMP, "0001-02-03", "0001-02-03 00:00:00.000000"),
        (Kind.TIME, "10:00", "10:00:00.000000"),
        (Kind.UUID, "6BA7B810-9DAD-11D1-80B4-00C04FD430C8", "6ba7b8109dad11d180b400c04fd430c8"),
        (Kind.BINARY, r"\x00ff", b"\x00\xff"),
        (Kind.TEXT, "as it is", "as it is"),
    ],
)
def test_a_text_becomes_what_sqlalchemy_would_keep(kind: Kind, text: str, value: object) -> None:
    assert value_of(Bind(Slot(0), kind=kind), text) == value
    assert value_of(Bind(Slot(0), kind=kind), None) is None


@pytest.mark.parametrize(
    ("kind", "text", "code"),
    [
        (Kind.INTEGER, "1.5", "22P02"),
        (Kind.INTEGER, "٣", "22P02"),
        (Kind.INTEGER, str(2**63), "22003"),
        (Kind.NUMERIC, "one", "22P02"),
        (Kind.FLOAT, "", "22P02"),
        (Kind.BOOLEAN, "2", "22P02"),
        (Kind.DATE, "2023-02-29", "22007"),
        (Kind.TIMESTAMP, "soon", "22007"),
        (Kind.TIME, "25:00", "22007"),
        (Kind.UUID, "1", "22P02"),
        (Kind.JSON, "{", "22P02"),
        (Kind.TEXT, "a\0b", "22021"),
        (Kind.FLOAT, "1e400", "22003"),
    ],
)
def test_a_text_that_can_not_be_read_is_refused_as_postgresql_does(kind: Kind, text: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        value_of(Bind(Slot(0), kind=kind), text)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("kind", "declared", "sent", "kept"),
    [
        (Kind.NUMERIC, "NUMERIC(10, 2)", '"1.005"', 1.01),
        (Kind.NUMERIC, "NUMERIC(10, 2)", "3", 3),
        (Kind.NUMERIC, "NUMERIC(10, 2)", "123456789.5", "22003"),
        (Kind.NUMERIC, "NUMERIC", "123456789.5", 123456789.5),
        (Kind.INTEGER, "SMALLINT", "32768", "22003"),
        (Kind.INTEGER, "INTEGER", "2147483647", 2147483647),
        (Kind.INTEGER, "INTEGER", "2147483648", "22003"),
        (Kind.TEXT, "VARCHAR(3)", '"abc "', "abc "),
        (Kind.TEXT, "VARCHAR(3)", '"abcd"', "22001"),
        (Kind.TEXT, "TEXT", "true", "true"),
        (Kind.TIMESTAMP, "TIMESTAMP WITH TIME ZONE", '"2024-01-01T00:00:00+02:00"', "2023-12-31 22:00:00.000000"),
        (Kind.TIMESTAMP, "TIMESTAMP WITH TIME ZONE", '"0001-01-01T00:00:00+02:00"', "22008"),
        (Kind.JSON, "JSON", '{"a": 1}', '{"a":1}'),
    ],
)
def test_a_payloads_value_is_kept_as_its_column_is_declared(kind: Kind, declared: str, sent: str, kept: object) -> None:
    bind = Bind(Slot(0), kind=Kind.JSON, record=(Member("a", kind, declared), Member("b", Kind.TEXT)))
    if kept in ("22003", "22001", "22008"):
        with pytest.raises(Refusal) as caught:
            value_of(bind, f'{{"a": {sent}}}')
        assert caught.value.code == kept
    else:
        assert json.loads(str(value_of(bind, f'{{"a": {sent}}}'))) == [[[kept, None], [1, 0]]]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.1, "0.1"), (1e21, "1e+21"), (-2.5, "-2.5"), (float("inf"), '"Infinity"'), (None, None), (3, "3")],
)
def test_floats_are_written_as_postgresql_does(value: object, text: str | None) -> None:
    assert float_text(value) == text


@pytest.mark.parametrize(
    ("value", "pattern", "holds"),
    [
        ("Ünd", "ü%", True),
        ("a.b", "A_B", True),
        ("axb", "a.b", False),
        ("100%", r"100\%", True),
        ("1000", r"100\%", False),
        ("a\nb", "a%b", True),
        ("back\\", "back\\\\", True),
        (None, "%", None),
    ],
)
def test_ilike_is_postgresqls(value: object, pattern: str, holds: bool | None) -> None:
    assert is_like(value, pattern) is holds


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///app.db", "app.db"),
        ("sqlite:////var/a%20b.db", "/var/a b.db"),
        ("sqlite://", None),
        ("sqlite:///:memory:", None),
    ],
)
def test_a_url_names_a_file_as_sqlalchemys_does(url: str, path: str | None) -> None:
    assert path_of(url) == path
