"""Creating what is missing, on a real PostgreSQL."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import asyncpg
import pytest
from pgvector.sqlalchemy import VECTOR
from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Column,
    Computed,
    Enum,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import DOMAIN
from sqlalchemy.schema import CreateView

from mainstay.core.problem import DeclarationError
from mainstay.evolve.sync import create_missing, differences

Result = TypeVar("Result")


def on(url: str, work: Callable[[Any], Awaitable[Result]]) -> Result:
    """The result of `work` with a connection to `url`."""

    async def run() -> Result:
        connection = await asyncpg.connect(url)
        try:
            return await work(connection)
        finally:
            await connection.close()

    return asyncio.run(run())


def sync(url: str, *metadatas: MetaData) -> list[str]:
    return on(url, lambda connection: create_missing(connection, metadatas))


def differing(url: str, *metadatas: MetaData) -> list[str]:
    return on(url, lambda connection: differences(connection, metadatas))


def fetch(url: str, query: str) -> list[tuple[Any, ...]]:
    async def work(connection: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await connection.fetch(query)]

    return on(url, work)


def execute(url: str, statements: str) -> None:
    on(url, lambda connection: connection.execute(statements))


def columns(url: str, table: str) -> dict[str, str]:
    rows = fetch(
        url,
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        f" WHERE attrelid = '{table}'::regclass AND attnum > 0 ORDER BY attnum",
    )
    return {str(row[0]): str(row[1]) for row in rows}


def shop() -> MetaData:
    """A bit of everything that can be created."""
    metadata = MetaData()
    mood = Enum("happy", "sad", name="mood")
    store = Table(
        "store",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("name", Text, nullable=False, comment="As on the door, 100 %"),
        Column("mood", mood, server_default="happy"),
        Column("moods", ARRAY(mood)),
        Column("place", VECTOR(3)),
        comment="Where it's sold",
    )
    Table(
        "sale",
        metadata,
        Column("id", Integer, Identity(), primary_key=True),
        Column("store_id", ForeignKey("store.id"), nullable=False, index=True),
        Column("price", Numeric(10, 2), CheckConstraint("price > 0")),
        Column("double", Numeric, Computed("price * 2")),
        Column("size", DOMAIN("positive", Integer, check=text("VALUE > 0"))),
        Index("sale_by_price", "price", postgresql_concurrently=True),
        schema="till",
    )
    CreateView(select(store.c.id, store.c.name).where(store.c.mood == "happy"), "happy_store", metadata=metadata)
    return metadata


def test_an_empty_database_gets_everything(database: str) -> None:
    done = sync(database, shop())
    assert done == [
        "created schema till",
        "created extension vector",
        "created type mood",
        "created type positive",
        "created table store",
        "created table till.sale",
        "created view happy_store",
    ]
    assert columns(database, "store") == {
        "id": "integer",
        "name": "text",
        "mood": "mood",
        "moods": "mood[]",
        "place": "vector(3)",
    }
    assert fetch(database, "SELECT col_description('store'::regclass, 2)") == [("As on the door, 100 %",)]
    execute(database, "INSERT INTO store (name) VALUES ('A'); INSERT INTO till.sale (store_id, price) VALUES (1, 2)")
    indexes = fetch(database, "SELECT indexname FROM pg_indexes WHERE tablename = 'sale' ORDER BY 1")
    assert indexes == [("ix_till_sale_store_id",), ("sale_by_price",), ("sale_pkey",)]
    assert fetch(database, "SELECT double, (SELECT name FROM happy_store) FROM till.sale") == [(4, "A")]


def test_a_second_run_does_nothing_and_finds_no_difference(database: str) -> None:
    sync(database, shop())
    assert sync(database, shop()) == []
    assert differing(database, shop()) == []


def test_a_missing_column_is_added_with_its_type_key_index_and_comment(database: str) -> None:
    execute(database, "CREATE TABLE store (id serial PRIMARY KEY); INSERT INTO store DEFAULT VALUES")
    metadata = MetaData()
    Table(
        "store",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("mood", Enum("happy", "sad", name="mood"), server_default="sad", nullable=False),
        Column("code", String(8), unique=True, index=True, comment="Short"),
        Column("parent_id", ForeignKey("store.id")),
        Column("city", ForeignKey("city.name")),
        CheckConstraint("code <> ''", name="code_is_not_empty"),
    )
    Table("city", metadata, Column("name", Text, primary_key=True))
    assert sync(database, metadata) == [
        "created type mood",
        "created table city",
        "added column store.mood (mood)",
        "added column store.code (VARCHAR(8))",
        "added column store.parent_id (INTEGER)",
        "added column store.city (TEXT)",
        "created index ix_store_code",
    ]
    assert fetch(database, "SELECT id, mood, code FROM store") == [(1, "sad", None)]
    kinds = fetch(database, "SELECT contype::text FROM pg_constraint WHERE conrelid = 'store'::regclass")
    assert sorted(kind for (kind,) in kinds if kind != "n") == ["f", "f", "p"]
    assert fetch(database, "SELECT indisunique FROM pg_index WHERE indexrelid = 'ix_store_code'::regclass") == [(True,)]
    assert sync(database, metadata) == []


def test_a_required_column_is_refused_where_rows_could_not_have_it(database: str) -> None:
    execute(database, "CREATE TABLE store (id int PRIMARY KEY); INSERT INTO store VALUES (1)")
    metadata = MetaData()
    Table("store", metadata, Column("id", Integer, primary_key=True), Column("name", Text, nullable=False))
    Table("city", metadata, Column("name", Text, primary_key=True))
    with pytest.raises(DeclarationError) as caught:
        sync(database, metadata)
    assert caught.value.where == "store.name"
    assert caught.value.hint == "Give it a server_default, or make it nullable."
    assert fetch(database, "SELECT to_regclass('city')") == [(None,)]


def test_a_required_column_is_added_to_an_empty_table(database: str) -> None:
    execute(database, "CREATE TABLE store (id int PRIMARY KEY)")
    metadata = MetaData()
    Table("store", metadata, Column("id", Integer, primary_key=True), Column("name", Text, nullable=False))
    assert sync(database, metadata) == ["added column store.name (TEXT)"]


def test_tables_whose_foreign_keys_form_a_cycle_are_created(database: str) -> None:
    metadata = MetaData()
    Table("a", metadata, Column("id", Integer, primary_key=True), Column("b_id", ForeignKey("b.id", name="a_to_b")))
    Table("b", metadata, Column("id", Integer, primary_key=True), Column("a_id", ForeignKey("a.id", name="b_to_a")))
    assert sync(database, metadata) == ["created table a", "created table b"]
    assert fetch(database, "SELECT count(*) FROM pg_constraint WHERE contype = 'f'") == [(2,)]
    assert differing(database, metadata) == []


def test_a_view_of_the_teams_own_is_left_to_the_team(database: str) -> None:
    metadata = MetaData()
    Table("totals", metadata, Column("id", Integer, primary_key=True), info={"view": True})
    assert sync(database, metadata) == []
    assert differing(database, metadata) == [
        "totals: a view that is not there; create it yourself, or declare it with CreateView"
    ]
    execute(database, "CREATE VIEW totals AS SELECT 1 AS id")
    assert differing(database, metadata) == []


def test_a_view_in_the_place_of_a_table_is_left_alone(database: str) -> None:
    execute(database, "CREATE VIEW store AS SELECT 1 AS id")
    metadata = MetaData()
    Table("store", metadata, Column("id", Integer, primary_key=True), Column("name", Text))
    assert sync(database, metadata) == []


def test_two_metadata_may_share_a_schema_a_type_and_a_table(database: str) -> None:
    def one(name: str) -> MetaData:
        metadata = MetaData(schema="both")
        Table(name, metadata, Column("id", Integer, primary_key=True), Column("m", Enum("x", name="m", schema="both")))
        Table("common", metadata, Column("id", Integer, primary_key=True))
        return metadata

    assert sync(database, one("a"), one("b")) == [
        "created schema both",
        "created type m",
        "created table both.a",
        "created table both.common",
        "created table both.b",
    ]


def test_what_postgresql_refuses_is_said_and_nothing_is_created(database: str) -> None:
    metadata = MetaData()
    Table("a", metadata, Column("id", Integer, primary_key=True))
    Table("b", metadata, Column("id", Integer, primary_key=True), Column("n", Integer, server_default=text("nonsense")))
    with pytest.raises(DeclarationError, match="PostgreSQL refuses: cannot use column reference") as caught:
        sync(database, metadata)
    assert caught.value.where.startswith("CREATE TABLE b")
    assert fetch(database, "SELECT to_regclass('a')") == [(None,)]


@pytest.mark.parametrize(
    ("there", "column", "line"),
    [
        ("n bigint", Column("n", Integer), "t.n: integer in the model, bigint in the database"),
        ("n varchar(5)", Column("n", String(9)), "t.n: character varying(9) in the model, character varying(5) in"),
        ("n varchar(5)", Column("n", String), None),
        ("n numeric(8, 2)", Column("n", Numeric), None),
        ("n int NOT NULL", Column("n", Integer), "t.n: nullable in the model, NOT NULL in the database"),
        ("n int", Column("n", Integer, nullable=False), "t.n: NOT NULL in the model, nullable in the database"),
        ("n int", Column("n", Integer, unique=True), "t: no unique constraint (n) in the database"),
        ("n int", Column("n", Integer, ForeignKey("t.id")), "t: no foreign key from (n) to t in the database"),
        ("n timestamptz DEFAULT now()", Column("n", Text), "t.n: text in the model, timestamp with time zone in"),
    ],
)
def test_what_differs_is_told_and_left_alone(database: str, there: str, column: Column[Any], line: str | None) -> None:
    execute(database, f"CREATE TABLE t (id int PRIMARY KEY, {there}, more text)")
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer, primary_key=True), column)
    before = columns(database, "t")
    assert sync(database, metadata) == []
    lines = differing(database, metadata)
    assert columns(database, "t") == before
    if line is None:
        assert lines == []
    else:
        assert len(lines) == 1
        assert lines[0].startswith(line)


def test_missing_labels_of_an_enum_are_told(database: str) -> None:
    execute(database, "CREATE TYPE mood AS ENUM ('sad')")
    metadata = MetaData()
    Table("t", metadata, Column("id", Integer, primary_key=True), Column("m", Enum("happy", "sad", name="mood")))
    assert sync(database, metadata) == ["created table t"]
    assert differing(database, metadata) == ["type mood: the database lacks 'happy'"]


def test_composite_keys_are_recognised(database: str) -> None:
    metadata = MetaData()
    Table(
        "seat",
        metadata,
        Column("room", Text, primary_key=True),
        Column("number", Integer, primary_key=True),
        Column("label", Text, server_default=func.lower("A")),
        UniqueConstraint("label", "room"),
    )
    Table(
        "booking",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("room", Text),
        Column("seat", Integer),
        ForeignKeyConstraint(["room", "seat"], ["seat.room", "seat.number"]),
    )
    sync(database, metadata)
    assert differing(database, metadata) == []
    assert sync(database, metadata) == []


def test_names_that_need_quotes_are_found_again(database: str) -> None:
    metadata = MetaData()
    table = Table('Odd "Name', metadata, Column("Id", Integer, primary_key=True), Column("a b", Text, index=True))
    Index("x" * 63, table.c["a b"])
    sync(database, metadata)
    assert sync(database, metadata) == []
    assert differing(database, metadata) == []
