"""`graphql_naming="graphql-default"`: fields in camelCase, types in PascalCase, orders in capitals, in all of it."""

import asyncio
import json
from typing import Any

import pytest

from cinema.app import cinema
from cinema.setting import TOKENS, set_up
from mainstay.core.exchange import Request
from services.postgres import Postgres


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    url = postgres.create_database()
    asyncio.run(set_up(url, cinema().metadata))
    return url


def ask(url: str, text: str, variables: Any = None, who: str | None = None) -> Any:
    async def main() -> Any:
        app = cinema(database_url=url, graphql_naming="graphql-default", graphql_introspection="always")
        await app.start()
        try:
            body = json.dumps({"query": text, "variables": variables}).encode()
            headers = {"content-type": "application/json"}
            if who is not None:
                headers["authorization"] = f"Bearer {TOKENS[who]}"
            return json.loads((await app.handle(Request("POST", "/v1/graphql", "", headers, body))).body or b"")
        finally:
            await app.stop()

    return asyncio.run(main())


def test_reads_are_asked_for_in_camel_case(url: str) -> None:
    text = """
    query ($order: [FilmsOrderBy!], $where: FilmsBoolExp) {
      films(where: $where, orderBy: $order) { id directorId __typename reviewsAggregate { aggregate { count } } }
      filmsByPk(id: 1) { title director { id } }
      filmsAggregate(where: {directorId: {_isNull: false}, title: {_nilike: "x"}}) { aggregate { max { directorId } } }
      castingsByPk(filmId: 1, actorId: 2) { part }
    }
    """
    data = ask(url, text, {"order": [{"id": "DESC_NULLS_LAST"}], "where": {"directorId": {"_isNull": False}}})["data"]
    assert {*data} == {"films", "filmsByPk", "filmsAggregate", "castingsByPk"}
    assert {*data["films"][0]} == {"id", "directorId", "__typename", "reviewsAggregate"}
    assert data["films"][0]["__typename"] == "Films"
    assert [each["id"] for each in data["films"]] == sorted((each["id"] for each in data["films"]), reverse=True)


def test_writes_are_asked_for_in_camel_case(url: str) -> None:
    text = """
    mutation ($object: FilmsInsertInput!, $objects: [TagsInsertInput!]!) {
      insertFilmsOne(object: $object) { id directorId filmTags { tags { label } } }
      insertTags(objects: $objects, onConflict: {constraint: tags_pkey, updateColumns: [label]}) {
        affectedRows
        returning { label }
      }
      updateFilmsByPk(pkColumns: {id: 901}, _set: {directorId: null}, _append: {details: {a: 1}}) {
        directorId
        details(path: "a")
      }
      deleteFilms(where: {id: {_eq: 901}}) { affectedRows }
    }
    """
    film = {"id": 901, "title": "New", "year": 2001, "directorId": 1, "details": {"order_by": 1, "orderBy": 2}}
    tag = {"data": {"id": 77, "label": "new"}, "onConflict": {"constraint": "tags_pkey", "updateColumns": ["label"]}}
    film["filmTags"] = {"data": [{"tags": tag}]}
    answer = ask(url, text, {"object": film, "objects": [{"id": 78, "label": "a"}]}, "owner")
    assert answer["data"]["insertFilmsOne"] == {"id": 901, "directorId": 1, "filmTags": [{"tags": {"label": "new"}}]}
    assert answer["data"]["insertTags"] == {"affectedRows": 1, "returning": [{"label": "a"}]}
    assert answer["data"]["updateFilmsByPk"] == {"directorId": None, "details": 1}


@pytest.mark.parametrize(
    ("text", "path", "message"),
    [
        ("{ films(order_by: {id: ASC}) { id } }", "films", "'films' has no argument named 'order_by'"),
        ("{ films(orderBy: {id: asc}) { id } }", "films.args.orderBy.id", "expected one of the values ['ASC', "),
        ("{ films { director_id } }", "films.selectionSet.director_id", "'director_id' not found in type: 'Films'"),
        (
            "{ films(where: {id: {_is_null: true}}) { id } }",
            "films.args.where.id._is_null",
            "field '_is_null' not found in type: 'IntComparisonExp'",
        ),
        ("{ films_by_pk(id: 1) { id } }", "films_by_pk", "field 'films_by_pk' not found in type: 'query_root'"),
        (
            "{ films(where: {id: {_isNull: null}}) { id } }",
            "films.args.where.id._isNull",
            "expected a boolean for type 'Boolean'",
        ),
    ],
)
def test_names_of_the_other_convention_are_not_there(url: str, text: str, path: str, message: str) -> None:
    [error] = ask(url, text)["errors"]
    assert message in error["message"]
    assert error["extensions"] == {"path": f"$.selectionSet.{path}", "code": "validation-failed"}


def test_the_schema_is_told_in_the_same_names(url: str) -> None:
    text = """{
      a: __type(name: "FilmsOrderBy") { inputFields { name type { name } } }
      b: __type(name: "OrderBy") { enumValues { name } }
    }"""
    data = ask(url, text)["data"]
    assert {"name": "directorId", "type": {"name": "OrderBy"}} in data["a"]["inputFields"]
    assert {"name": "reviewsAggregate", "type": {"name": "ReviewsAggregateOrderBy"}} in data["a"]["inputFields"]
    assert {"name": "DESC_NULLS_FIRST"} in data["b"]["enumValues"]
