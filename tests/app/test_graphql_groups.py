"""Groups over the cinema: what the rows come to that agree in some columns."""

import asyncio
import json
from urllib.parse import quote

import pytest

from app.test_graphql_answers import ask, graph, rest
from cinema.app import cinema
from cinema.setting import set_up
from services.postgres import Postgres


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    url = postgres.create_database()
    asyncio.run(set_up(url, cinema().metadata))
    return url


@pytest.mark.parametrize("who", [None, "critic", "owner"])
def test_groups_are_those_of_rest(url: str, who: str | None) -> None:
    text = """query ($many: Int!) { films_groups(
      by: [genre], where: {year: {_gt: 1950}}, having: {count: {predicate: {_gte: $many}}},
      order_by: [{aggregate: {count: desc}}, {key: {genre: asc}}], limit: 3
    ) { key { genre } aggregate { count max { year } avg { rating } } } }"""
    target = "films?select=genre,count(),year.max(),rating.avg()&year=gt.1950&having=(count().gte.1)"
    ours, theirs = ask(
        url,
        graph(text, {"many": 1}, who),
        rest(quote(f"{target}&order=count().desc,genre&limit=3", safe="?&=,.()"), who),
    )
    assert ours["data"]["films_groups"] == [
        {
            "key": {"genre": row["genre"]},
            "aggregate": {"count": row["count"], "max": {"year": row["max"]}, "avg": {"rating": row["avg"]}},
        }
        for row in theirs
    ]
    assert len(theirs) == 3


def test_groups_by_several_columns_have_names_of_their_own(url: str) -> None:
    text = """{ g: films_groups(by: [director_id, published], offset: 1, order_by: {key: {director_id: asc}}) {
      __typename k: key { __typename d: director_id published }
      a: aggregate { __typename n: count(columns: [genre, rating], distinct: true) m: min { y: year year } }
    } }"""
    [answer] = ask(url, graph(text, who="owner"))
    assert answer["data"]["g"][0] == {
        "__typename": "films_group",
        "k": {"__typename": "films_group_key", "d": 2, "published": True},
        "a": {"__typename": "films_aggregate_fields", "n": 2, "m": {"y": 1988, "year": 1988}},
    }


def test_which_groups_is_for_having_to_say(url: str) -> None:
    text = """query ($year: numeric!) { films_groups(by: genre, order_by: {key: {genre: asc}}, having: {_or: [
      {max: {arguments: year, predicate: {_gt: $year}}},
      {_not: {count: {filter: {rating: {_gt: 7}}, predicate: {_gt: 0}}}}
    ]}) { key { genre } } }"""
    [late, early] = ask(url, graph(text, {"year": 2000}), graph(text, {"year": 1960}))
    assert [group["key"]["genre"] for group in late["data"]["films_groups"]] == ["drama", "comedy"]
    assert [group["key"]["genre"] for group in early["data"]["films_groups"]] == ["drama", "comedy", "noir"]


REFUSED = [
    ("{ films_groups(by: []) { key { genre } } }", "rows are grouped by at least one column"),
    ("{ films_groups { key { genre } } }", "missing required field 'by'"),
    ("{ films_groups(by: [genre]) { key { year } } }", "the rows are not grouped by 'year'"),
    ("{ films_groups(by: [genre], order_by: {key: {year: asc}}) { key { genre } } }",
     "the rows are not grouped by 'year'"),
    ("{ films_groups(by: [genre], having: {genre: {_eq: noir}}) { key { genre } } }",
     "field 'genre' not found in type: 'films_having_exp'"),
    ("{ films_groups(by: [genre]) { aggregate { max { budget } } } }",
     "field 'budget' not found in type: 'films_max_fields'"),
    ("{ films_groups(by: [genre], having: {sum: {arguments: budget, predicate: {_gt: 1}}}) { key { genre } } }",
     "but found 'budget'"),
]  # fmt: skip


def test_what_does_not_fit_is_refused(url: str) -> None:
    answers = ask(url, *(graph(text) for text, _ in REFUSED))
    for answer, (text, message) in zip(answers, REFUSED, strict=True):
        assert message in answer["errors"][0]["message"], text
    hidden, nowhere = ask(
        url, *(graph(f"{{ films_groups(by: [{name}]) {{ key {{ genre }} }} }}") for name in ("budget", "nowhere"))
    )
    assert json.dumps(hidden).replace("budget", "nowhere") == json.dumps(nowhere)


def test_without_aggregates_there_are_no_groups(url: str) -> None:
    [answer] = ask(url, graph("{ films_groups(by: [genre]) { key { genre } } }"), aggregates_enabled=False)
    assert answer["errors"][0]["message"] == "field 'films_groups' not found in type: 'query_root'"
