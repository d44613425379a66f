"""Connections over the cinema: pages by key, forward and backward, as Relay asks for them."""

import asyncio
import json
from typing import Any

import pytest

from app.test_graphql_answers import ask, graph
from cinema.app import cinema
from cinema.setting import set_up
from mainstay.core.limits import Limits
from services.postgres import Postgres

FORWARD = """query ($first: Int, $after: String) {
  films_connection(first: $first, after: $after, order_by: {director: {name: asc_nulls_first}, year: desc}) {
    edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""
BACKWARD = FORWARD.replace("first", "last").replace("after", "before").replace("nulls_last", "nulls_first")


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    url = postgres.create_database()
    asyncio.run(set_up(url, cinema().metadata))
    return url


def page(url: str, text: str, **variables: Any) -> tuple[list[int], dict[str, Any], list[str]]:
    [answer] = ask(url, graph(text, variables, "owner"))
    assert "data" in answer, answer
    found = answer["data"]["films_connection"]
    return [edge["node"]["id"] for edge in found["edges"]], found["pageInfo"], [e["cursor"] for e in found["edges"]]


def test_all_rows_are_on_one_page_each_forward_and_backward(url: str) -> None:
    whole, _, cursors = page(url, FORWARD)
    assert whole == [4, 1, 3, 2, 5]
    forward: list[int] = []
    after = None
    while True:
        ids, told, marks = page(url, FORWARD, first=2, after=after)
        assert told["hasPreviousPage"] is (after is not None)
        assert (told["startCursor"], told["endCursor"]) == (marks[0], marks[-1])
        forward += ids
        after = told["endCursor"]
        if not told["hasNextPage"]:
            break
    backward: list[int] = []
    before = None
    while True:
        ids, told, marks = page(url, BACKWARD.replace("asc_nulls_last", "asc_nulls_first"), last=2, before=before)
        assert told["hasNextPage"] is (before is not None)
        assert marks == [cursors[whole.index(each)] for each in ids]
        backward = ids + backward
        before = told["startCursor"]
        if not told["hasPreviousPage"]:
            break
    assert (forward, backward) == (whole, whole)


def test_a_page_of_nothing_has_no_cursors(url: str) -> None:
    nothing = {"hasNextPage": False, "hasPreviousPage": False, "startCursor": None, "endCursor": None}
    text = FORWARD.replace("first: $first", "first: $first, where: {id: {_gt: 99}}")
    assert page(url, text, first=2) == ([], nothing, [])
    assert page(url, FORWARD, first=0)[:2] == ([], nothing | {"hasNextPage": True})


def test_a_cursor_may_stand_in_the_document_and_names_may_be_others(url: str) -> None:
    [cursor] = page(url, FORWARD, first=1)[2]
    text = f"""{{ c: films_connection(after: "{cursor}", first: 1, order_by: [
      {{director: {{name: asc_nulls_first}}}}, {{year: desc}}
    ]) {{
      __typename
      e: edges {{ __typename n: node {{ __typename title director {{ name }} }} }}
      p: pageInfo {{ __typename }}
    }} }}"""
    [answer] = ask(url, graph(text, who="owner"))
    assert answer["data"]["c"] == {
        "__typename": "films_connection",
        "e": [
            {
                "__typename": "films_edge",
                "n": {"__typename": "films", "title": "The Long Pier", "director": {"name": "Ada Winter"}},
            }
        ],
        "p": {"__typename": "PageInfo"},
    }


def test_no_page_is_longer_than_rows_max(url: str) -> None:
    [answer] = ask(url, graph(FORWARD, {"first": 100}), limits=Limits(rows_max=3))
    found = answer["data"]["films_connection"]
    assert (len(found["edges"]), found["pageInfo"]["hasNextPage"]) == (3, True)


REFUSED = [
    ('{ films_connection(after: "x") { edges { cursor } } }', "the cursor is not of this field and order"),
    ("{ films_connection(first: 1, last: 1) { edges { cursor } } }",
     "'first' and 'after' do not go with 'last' and 'before'"),
    ("{ films_connection(first: -1) { edges { cursor } } }",
     "expected a non-negative 32-bit integer for type 'Int', but found another number"),
    ("{ films_connection(limit: 1) { edges { cursor } } }", "'films_connection' has no argument named 'limit'"),
    ("{ films_connection { nodes { id } } }", "field 'nodes' not found in type: 'films_connection'"),
    ("{ films_connection { edges { node { budget } } } }", "field 'budget' not found in type: 'films'"),
    ("{ films_connection(order_by: {budget: asc}) { edges { cursor } } }",
     "field 'budget' not found in type: 'films_order_by'"),
]  # fmt: skip


def test_what_does_not_fit_is_refused(url: str) -> None:
    answers = ask(url, *(graph(text) for text, _ in REFUSED))
    assert [each["errors"][0]["message"] for each in answers] == [message for _, message in REFUSED]


def test_a_cursor_of_another_order_is_refused(url: str) -> None:
    [cursor] = page(url, FORWARD, first=1)[2]
    other = "query ($c: String) { films_connection(after: $c, order_by: {id: asc}) { edges { cursor } } }"
    [first, second] = ask(url, graph(other, {"c": cursor}), graph(other, {"c": None}))
    assert first["errors"][0]["message"] == "the cursor is not of this field and order"
    assert len(second["data"]["films_connection"]["edges"]) == 4


def test_a_cursor_with_a_null_in_it_leads_on_as_well(url: str) -> None:
    cursors = page(url, FORWARD)[2]
    requests = [graph(FORWARD, {"first": 1, "after": cursor}, "owner") for cursor in cursors]
    app = cinema(database_url=url)

    async def main() -> list[Any]:
        await app.start()
        try:
            return [json.loads((await app.handle(request)).body or b"") for request in requests]
        finally:
            await app.stop()

    answers = asyncio.run(main())
    ids = [[edge["node"]["id"] for edge in each["data"]["films_connection"]["edges"]] for each in answers]
    assert ids == [[1], [3], [2], [5], []]
