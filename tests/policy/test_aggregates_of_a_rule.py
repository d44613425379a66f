"""Rows that are not to be counted: their aggregates are not there for GraphQL, and refused by REST."""

import asyncio
import json
from collections.abc import Iterator

import pytest

from app.test_declared_of_tables import SCHEMA, Stage
from mainstay import Mainstay
from mainstay.core.problem import DeclarationError
from services.postgres import Postgres


@pytest.fixture(scope="module")
def stage(postgres: Postgres) -> Iterator[Stage]:
    app = Mainstay(reflect=postgres.create_database(SCHEMA), lanes_read=1, lanes_write=1)
    anyone = app.role("anonymous")
    anyone.may("read", "films", columns="*", aggregates=False)
    anyone.may("read", "directors", columns="*")
    stage = Stage(app)
    yield stage
    stage.run(stage.app.stop())


@pytest.mark.parametrize(
    "text",
    [
        "{ films_aggregate { aggregate { count } } }",
        "{ directors { films_by_films_director_id_fkey_aggregate { aggregate { count } } } }",
        "{ directors(order_by: {films_by_films_director_id_fkey_aggregate: {count: asc}}) { id } }",
    ],
)
def test_graphql_has_no_aggregate_of_them(text: str, stage: Stage) -> None:
    [error] = stage.ask(text)["errors"]
    assert "not found in type" in error["message"]
    assert stage.ask("{ directors_aggregate { aggregate { count } } }")["data"] == {
        "directors_aggregate": {"aggregate": {"count": 2}}
    }


@pytest.mark.parametrize(
    "path",
    [
        "/films?select=id.sum()",
        "/films?select=count()",
        "/directors?select=id,films!films_director_id_fkey(count())",
        "/directors?select=id&films!films_director_id_fkey.count()=gt.1",
    ],
)
def test_rest_refuses_them(path: str, stage: Stage) -> None:
    assert stage.get(path)["code"] == "PGRST123"
    assert stage.get("/directors?select=count()") == [{"count": 2}]


def test_another_rule_of_the_role_may_allow_them(postgres: Postgres) -> None:
    app = Mainstay(reflect=postgres.create_database(SCHEMA), lanes_read=1, lanes_write=1)
    base = app.role("base")
    base.may("read", "films", columns="*", aggregates=False)
    app.role("anonymous", inherits=[base]).may("read", "films", columns=["id"], rows={"id": {"_gt": 1}})
    stage = Stage(app)
    assert json.dumps(stage.get("/films?select=count()")) == '[{"count": 2}]'
    stage.run(stage.app.stop())


def test_only_a_read_has_aggregates(postgres: Postgres) -> None:
    app = Mainstay(reflect=postgres.create_database(SCHEMA))
    app.role("anonymous").may("delete", "films", aggregates=False)
    with pytest.raises(DeclarationError, match="aggregates says nothing about this"):
        asyncio.run(app.load())
