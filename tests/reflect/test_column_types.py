"""Each type: its family, and a name that PostgreSQL itself reads in a CAST."""

import asyncio
import enum
from collections.abc import Collection

import asyncpg
import pytest
import sqlalchemy as sa
from pgvector.sqlalchemy import HALFVEC, SPARSEVEC, Vector
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.schema import CreateTable
from sqlalchemy.types import TypeEngine

from mainstay.core.catalog import Column, Kind
from mainstay.core.problem import DeclarationError
from mainstay.reflect.models import reflect_models
from mainstay.reflect.types import DIALECT
from services.postgres import Postgres


class Mood(enum.Enum):
    GLAD = "glad"
    SAD = "sad"


class Cents(sa.types.TypeDecorator[int]):
    impl = sa.BigInteger
    cache_ok = True


class Document(sa.types.TypeDecorator[object]):
    """Another type on each database, chosen by the decorator itself."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> TypeEngine[object]:
        return dialect.type_descriptor(pg.JSONB() if dialect.name == "postgresql" else sa.Text())


class Point(sa.types.UserDefinedType[object]):
    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        return "POINT"


TYPES: dict[str, tuple[TypeEngine, Kind, str, str]] = {
    "boolean": (sa.Boolean(), Kind.BOOLEAN, "BOOLEAN", "BOOLEAN"),
    "small": (sa.SmallInteger(), Kind.INTEGER, "SMALLINT", "SMALLINT"),
    "whole": (sa.Integer(), Kind.INTEGER, "INTEGER", "INTEGER"),
    "big": (sa.BigInteger(), Kind.INTEGER, "BIGINT", "BIGINT"),
    "decorated": (Cents(), Kind.INTEGER, "BIGINT", "BIGINT"),
    "exact": (sa.Numeric(10, 2), Kind.NUMERIC, "NUMERIC", "NUMERIC(10, 2)"),
    "plain_exact": (sa.Numeric(), Kind.NUMERIC, "NUMERIC", "NUMERIC"),
    "single": (sa.Float(24), Kind.FLOAT, "FLOAT(24)", "FLOAT(24)"),
    "double": (sa.Double(), Kind.FLOAT, "DOUBLE PRECISION", "DOUBLE PRECISION"),
    "real": (sa.REAL(), Kind.FLOAT, "REAL", "REAL"),
    "text": (sa.Text(), Kind.TEXT, "TEXT", "TEXT"),
    "short": (sa.String(30), Kind.TEXT, "VARCHAR", "VARCHAR(30)"),
    "collated": (sa.String(30, collation="C"), Kind.TEXT, "VARCHAR", 'VARCHAR(30) COLLATE "C"'),
    "fixed": (sa.CHAR(3), Kind.TEXT, "BPCHAR", "CHAR(3)"),
    "caseless": (pg.CITEXT(), Kind.OTHER, "CITEXT", "CITEXT"),
    "date": (sa.Date(), Kind.DATE, "DATE", "DATE"),
    "time": (sa.Time(), Kind.TIME, "TIME WITHOUT TIME ZONE", "TIME WITHOUT TIME ZONE"),
    "zoned_time": (sa.Time(timezone=True), Kind.TIME, "TIME WITH TIME ZONE", "TIME WITH TIME ZONE"),
    "instant": (
        sa.DateTime(timezone=True),
        Kind.TIMESTAMP,
        "TIMESTAMP WITH TIME ZONE",
        "TIMESTAMP WITH TIME ZONE",
    ),
    "coarse": (
        pg.TIMESTAMP(precision=0),
        Kind.TIMESTAMP,
        "TIMESTAMP WITHOUT TIME ZONE",
        "TIMESTAMP(0) WITHOUT TIME ZONE",
    ),
    "interval": (sa.Interval(), Kind.INTERVAL, "INTERVAL", "INTERVAL"),
    "days": (pg.INTERVAL(fields="DAY TO SECOND", precision=2), Kind.INTERVAL, "INTERVAL", "INTERVAL DAY TO SECOND (2)"),
    "uuid": (sa.Uuid(), Kind.UUID, "UUID", "UUID"),
    "json": (sa.JSON(), Kind.JSON, "JSON", "JSON"),
    "jsonb": (pg.JSONB(), Kind.JSON, "JSONB", "JSONB"),
    "variant": (sa.JSON().with_variant(pg.JSONB(), "postgresql"), Kind.JSON, "JSONB", "JSONB"),
    "chosen": (Document(), Kind.JSON, "JSONB", "JSONB"),
    "bytes": (sa.LargeBinary(), Kind.BINARY, "BYTEA", "BYTEA"),
    "pickled": (sa.PickleType(), Kind.BINARY, "BYTEA", "BYTEA"),
    "mood": (sa.Enum(Mood), Kind.ENUM, "mood", "mood"),
    "quoted_mood": (pg.ENUM("a b", "c", name="Mood Of", schema="world"), Kind.ENUM, *['world."Mood Of"'] * 2),
    "checked": (sa.Enum("ab", "c", name="checked", native_enum=False), Kind.TEXT, "VARCHAR", "VARCHAR(2)"),
    "numbers": (sa.ARRAY(sa.Integer), Kind.ARRAY, "INTEGER[]", "INTEGER[]"),
    "grid": (pg.ARRAY(sa.String(3), dimensions=2), Kind.ARRAY, "VARCHAR[]", "VARCHAR(3)[][]"),
    "moods": (pg.ARRAY(sa.Enum(Mood)), Kind.ARRAY, "mood[]", "mood[]"),
    "span": (pg.INT4RANGE(), Kind.RANGE, "INT4RANGE", "INT4RANGE"),
    "spans": (pg.TSTZMULTIRANGE(), Kind.RANGE, "TSTZMULTIRANGE", "TSTZMULTIRANGE"),
    "embedding": (Vector(3), Kind.VECTOR, "VECTOR(3)", "VECTOR(3)"),
    "half": (HALFVEC(3), Kind.VECTOR, "HALFVEC(3)", "HALFVEC(3)"),
    "sparse": (SPARSEVEC(3), Kind.VECTOR, "SPARSEVEC(3)", "SPARSEVEC(3)"),
    "words": (pg.TSVECTOR(), Kind.TEXT_SEARCH, "TSVECTOR", "TSVECTOR"),
    "positive": (pg.DOMAIN("positive", sa.Integer), Kind.INTEGER, "INTEGER", "positive"),
    "flags": (pg.BIT(3), Kind.OTHER, '"bit"', "BIT(3)"),
    "many_flags": (pg.BIT(3, varying=True), Kind.OTHER, "BIT VARYING", "BIT VARYING(3)"),
    "address": (pg.INET(), Kind.OTHER, "INET", "INET"),
    "pairs": (pg.HSTORE(), Kind.OTHER, "HSTORE", "HSTORE"),
    "money": (pg.MONEY(), Kind.OTHER, "MONEY", "MONEY"),
    "place": (Point(), Kind.OTHER, "POINT", "POINT"),
}

ELSEWHERE = {"caseless", "pairs"}
"""Types of extensions that the embedded server doesn't bring."""


def one_of_each(*, without: Collection[str] = ()) -> sa.Table:
    kept = (sa.Column(name, each[0]) for name, each in TYPES.items() if name not in without)
    return sa.Table("thing", sa.MetaData(), *kept)


@pytest.fixture(scope="module")
def columns() -> dict[str, Column]:
    (table,) = reflect_models(one_of_each()).tables.values()
    return dict(table.columns)


@pytest.fixture(scope="module")
def made(postgres: Postgres) -> str:
    """A database that has the table and all that its types need."""
    return postgres.create_database(
        "CREATE EXTENSION vector",
        "CREATE SCHEMA world",
        "CREATE TYPE mood AS ENUM ('GLAD', 'SAD')",
        "CREATE TYPE world.\"Mood Of\" AS ENUM ('a b', 'c')",
        "CREATE DOMAIN positive AS integer CHECK (VALUE > 0)",
        str(CreateTable(one_of_each(without=ELSEWHERE)).compile(dialect=DIALECT)),
    )


@pytest.mark.parametrize("name", TYPES)
def test_a_type_has_its_family_its_cast_name_and_its_declaration(name: str, columns: dict[str, Column]) -> None:
    _, kind, cast_name, declared = TYPES[name]
    found = columns[name].type
    assert (found.kind, found.name, found.declared) == (kind, cast_name, declared)


def test_an_array_knows_its_element(columns: dict[str, Column]) -> None:
    element = columns["moods"].type.element
    assert element is not None
    assert (element.kind, element.labels) == (Kind.ENUM, ("GLAD", "SAD"))


@pytest.mark.parametrize(("name", "labels"), [("mood", ("GLAD", "SAD")), ("checked", ("ab", "c"))])
def test_labels_are_what_the_database_stores(name: str, labels: tuple[str, ...], columns: dict[str, Column]) -> None:
    assert columns[name].type.labels == labels


def test_postgresql_casts_text_to_each_name(columns: dict[str, Column], made: str) -> None:
    names = [column.type.name for name, column in columns.items() if name not in ELSEWHERE]

    async def cast_all() -> None:
        connection = await asyncpg.connect(made)
        try:
            for name in names:
                assert await connection.fetchval(f"SELECT CAST(CAST(NULL AS text) AS {name}) IS NULL"), name
        finally:
            await connection.close()

    asyncio.run(cast_all())


def test_a_column_takes_what_was_cast_to_its_type(columns: dict[str, Column], made: str, postgres: Postgres) -> None:
    kept = [(name, column.type.name) for name, column in columns.items() if name not in ELSEWHERE]
    postgres.run(
        *(f"INSERT INTO thing ({name}) VALUES (CAST(CAST(NULL AS text) AS {cast}))" for name, cast in kept), url=made
    )
    assert postgres.run("SELECT count(*) FROM thing", url=made).strip() == str(len(kept))


@pytest.mark.parametrize(
    ("name", "given"), [("short", "x" * 31), ("fixed", "abcd"), ("exact", "1.005"), ("flags", "1011")]
)
def test_a_cast_to_the_name_keeps_the_whole_value(
    name: str, given: str, columns: dict[str, Column], made: str, postgres: Postgres
) -> None:
    cast = postgres.run(f"SELECT CAST('{given}'::text AS {columns[name].type.name})::text", url=made)
    assert cast.strip() == given


def test_a_column_without_a_type_is_refused_by_name() -> None:
    table = sa.Table("thing", sa.MetaData(), sa.Column("loose"))
    with pytest.raises(DeclarationError, match=r"public\.thing\.loose: its type has no name"):
        reflect_models(table)
