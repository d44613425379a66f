"""What the document says of a type is what PostgreSQL gives and takes."""

import json

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from mainstay.core.catalog import ColumnType, Kind
from mainstay.wires.rest.openapi.filters import operators_of
from mainstay.wires.rest.openapi.types import type_example, type_schema
from services.postgres import Postgres

LABELS = ("low", "high")
INTEGER = ColumnType(Kind.INTEGER, "INTEGER")

TYPES = [
    ColumnType(Kind.BOOLEAN, "BOOLEAN"),
    ColumnType(Kind.INTEGER, "SMALLINT"),
    INTEGER,
    ColumnType(Kind.INTEGER, "BIGINT"),
    ColumnType(Kind.NUMERIC, "NUMERIC"),
    ColumnType(Kind.FLOAT, "REAL"),
    ColumnType(Kind.FLOAT, "DOUBLE PRECISION"),
    ColumnType(Kind.TEXT, "TEXT"),
    ColumnType(Kind.TEXT, "VARCHAR", declared="VARCHAR(2)"),
    ColumnType(Kind.DATE, "DATE"),
    ColumnType(Kind.TIME, "TIME WITHOUT TIME ZONE"),
    ColumnType(Kind.TIME, "TIME WITH TIME ZONE"),
    ColumnType(Kind.TIMESTAMP, "TIMESTAMP WITHOUT TIME ZONE"),
    ColumnType(Kind.TIMESTAMP, "TIMESTAMP WITH TIME ZONE"),
    ColumnType(Kind.INTERVAL, "INTERVAL"),
    ColumnType(Kind.UUID, "UUID"),
    ColumnType(Kind.JSON, "JSON"),
    ColumnType(Kind.JSON, "JSONB"),
    ColumnType(Kind.BINARY, "BYTEA"),
    ColumnType(Kind.ENUM, "mood", labels=LABELS),
    ColumnType(Kind.ARRAY, "INTEGER[]", element=INTEGER),
    ColumnType(Kind.ARRAY, "mood[]", element=ColumnType(Kind.ENUM, "mood", labels=LABELS)),
    ColumnType(Kind.RANGE, "INT4RANGE"),
    ColumnType(Kind.TEXT_SEARCH, "TSVECTOR"),
]

COMPARING = {"eq": "=", "gt": ">", "isdistinct": "IS DISTINCT FROM", "like": "LIKE", "cs": "@>", "ov": "&&", "sl": "<<"}
"""Operators of PostgreSQL that take a value of the column's own type."""


def names(column: ColumnType) -> str:
    return column.declared or column.name


@pytest.fixture(scope="module")
def moods(postgres: Postgres) -> str:
    return postgres.create_database("CREATE TYPE mood AS ENUM ('low', 'high')", "CREATE EXTENSION vector")


@pytest.mark.parametrize("column", [*TYPES, ColumnType(Kind.VECTOR, "VECTOR(3)")], ids=names)
def test_postgresql_reads_the_example_and_gives_what_the_schema_allows(
    column: ColumnType, postgres: Postgres, moods: str
) -> None:
    body = json.dumps({"value": type_example(column)}).replace("'", "''")
    given = postgres.run(
        f"SELECT to_json(value) FROM json_to_record('{body}') AS row(value {names(column)})", url=moods
    )
    value = json.loads(given)
    checker = Draft202012Validator(type_schema(column, nullable=False), format_checker=FormatChecker())
    checker.validate(type_example(column))
    checker.validate(value)
    Draft202012Validator(type_schema(column, nullable=True)).validate(None)


@pytest.mark.parametrize("column", TYPES, ids=names)
def test_postgresql_has_the_operators_that_are_described(column: ColumnType, postgres: Postgres, moods: str) -> None:
    described = [COMPARING[name] for name in operators_of(column) if name in COMPARING]
    sides = " AND ".join(f"NOT (a {operator} b)" for operator in described) or "true"
    row = f"(SELECT NULL::{column.name} AS a, NULL::{column.name} AS b) AS row"
    assert postgres.run(f"SELECT count(*) FROM {row} WHERE {sides} OR true", url=moods).strip() == "1"
