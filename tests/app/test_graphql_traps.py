"""What other GraphQL servers over PostgreSQL got wrong at some time, one test for each, and changes of nested rows."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cinema.app import BERT, SECRET
from cinema.models import Film, Review, Trivia
from mainstay import Mainstay
from mainstay.auth.issue import issue_token
from mainstay.core.exchange import Request
from services.postgres import Postgres
from transact.cinema_stage import Stage, stage_of


def declare(app: Mainstay) -> None:
    """A poster's films must be published, by their default or not, and of the nineties or before."""
    poster = app.role("poster")
    poster.may("read", Film, columns=["id", "title", "year", "published"])
    poster.may("create", Film, columns=["title", "year", "published"], check=Film.published & (Film.decade < 2000))
    poster.may("read", Review, columns=["id", "film_id", "stars"])
    poster.may(
        "create", Review, columns=["film_id", "stars"], presets={"author_id": BERT}, check=Review.stars.between(1, 5)
    )
    poster.may("create", Trivia, columns="*")


@pytest.fixture(scope="module")
def module_stage(postgres: Postgres) -> Iterator[Stage]:
    with stage_of(postgres.create_database(), declare) as stage:
        yield stage


@pytest.fixture
def stage(module_stage: Stage) -> Stage:
    module_stage.reset()
    return module_stage


def ask(stage: Stage, text: str, variables: Any = None, role: str = "owner") -> Any:
    token = issue_token(SECRET, {"role": role})
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    body = json.dumps({"query": text, "variables": variables}).encode()
    answer = json.loads(stage.run(stage.app.handle(Request("POST", "/graphql", "", headers, body))).body or b"")
    return answer.get("data") or answer["errors"][0]["extensions"]["code"]


def test_an_alias_may_be_longer_than_a_name_of_the_database(stage: Stage) -> None:
    long, other = "a" * 70 + "1", "a" * 70 + "2"
    text = f"""
    mutation {{
      {long}: insert_tags(objects: {{label: "x"}}) {{
        {long}: affected_rows {other}: affected_rows
        rows{long}: returning {{ {long}: label {other}: label films{long}: films {{ {long}: id }} }}
      }}
      {other}: update_tags_by_pk(pk_columns: {{id: 1}}, _set: {{label: "y"}}) {{ {long}: label {other}: id }}
    }}
    """
    assert ask(stage, text) == {
        long: {long: 1, other: 1, f"rows{long}": [{long: "x", other: "x", f"films{long}": []}]},
        other: {long: "y", other: 1},
    }


@pytest.mark.parametrize("field", ["delete_tags", "update_tags"])
def test_a_filter_that_is_null_is_no_filter(stage: Stage, field: str) -> None:
    changed = "" if field == "delete_tags" else ', _set: {label: "x"}'
    for where in ("where: null", "where: $none", "where: {label: null}", "where: {label: {_eq: $none}}"):
        text = f"mutation ($none: String) {{ {field}({where}{changed}) {{ affected_rows }} }}"
        assert ask(stage, text) == "validation-failed"
    assert stage.sql("SELECT count(*) FROM tags WHERE label <> 'x'") == 3


def test_a_check_sees_defaults_and_what_the_database_computes(stage: Stage) -> None:
    text = "mutation ($film: films_insert_input!) { insert_films_one(object: $film) { published } }"
    answers = [
        ask(stage, text, {"film": film}, "poster")
        for film in (
            {"title": "A", "year": 1990},
            {"title": "B", "year": 1990, "published": False},
            {"title": "C", "year": 2003},
        )
    ]
    assert answers == [{"insert_films_one": {"published": True}}, "permission-error", "permission-error"]


def test_nested_rows_stay_with_their_own_parents(stage: Stage) -> None:
    films = [
        {"title": f"Film {number}", "year": 1990 - number, "reviews": {"data": [{"stars": 1 + number % 5}]}}
        for number in range(20)
    ]
    del films[3]["reviews"]
    films[4]["reviews"] = {"data": []}
    text = """
    mutation ($films: [films_insert_input!]!) {
      insert_films(objects: $films) { affected_rows returning { title reviews { stars } } }
    }
    """
    answer = ask(stage, text, {"films": films}, "poster")["insert_films"]
    assert answer["affected_rows"] == 20 + 18
    assert {row["title"]: row["reviews"] for row in answer["returning"]} == {
        f"Film {number}": [] if number in (3, 4) else [{"stars": 1 + number % 5}] for number in range(20)
    }


def test_a_nested_row_that_breaks_its_check_takes_all_with_it(stage: Stage) -> None:
    text = 'mutation { insert_films_one(object: {title: "A", year: 1990, reviews: {data: {stars: 9}}}) { id } }'
    assert ask(stage, text, role="poster") == "permission-error"
    assert stage.sql("SELECT count(*) FROM films WHERE title = 'A'") == 0


def test_nested_rows_of_different_keys_take_their_own_defaults(stage: Stage) -> None:
    text = f"""
    mutation {{ insert_films_one(object: {{title: "A", year: 1990, reviews: {{data: [
      {{stars: 1, author_id: "{BERT}"}}
      {{stars: 2, author_id: "00000000-0000-4000-8000-00000000000a", public: true, text: null}}
    ]}}}}) {{ reviews(order_by: {{stars: asc}}) {{ stars public text }} }} }}
    """
    assert ask(stage, text)["insert_films_one"]["reviews"] == [
        {"stars": 1, "public": False, "text": None},
        {"stars": 2, "public": True, "text": None},
    ]


def test_relations_by_composite_keys_are_written_and_read(stage: Stage) -> None:
    text = """
    mutation { insert_films_one(object: {title: "A", year: 1990, castings: {data: [
      {actor_id: 1, part: "One", lines: {data: [{words: "Yes"}, {words: "No"}]}}
      {actor_id: 2, part: "Two", lines: {data: {words: "Well"}}}
    ]}}) { castings(order_by: {part: asc}) { part actor { name } lines { words casting { part } } } } }
    """
    assert ask(stage, text)["insert_films_one"]["castings"] == [
        {
            "part": "One",
            "actor": {"name": "Ida Holm"},
            "lines": [{"words": "Yes", "casting": {"part": "One"}}, {"words": "No", "casting": {"part": "One"}}],
        },
        {"part": "Two", "actor": {"name": "Jon Reed"}, "lines": [{"words": "Well", "casting": {"part": "Two"}}]},
    ]


def test_type_names_and_aliases_are_at_every_level_of_an_answer(stage: Stage) -> None:
    text = """
    mutation { __typename m: update_films(where: {id: {_eq: 1}}, _set: {title: "T"}) { t: __typename n: affected_rows
      r: returning { t: __typename a: reviews_aggregate { t: __typename
        g: aggregate { t: __typename c: count m: max { t: __typename s: stars } } n: nodes { t: __typename } } } } }
    """
    assert ask(stage, text) == {
        "__typename": "mutation_root",
        "m": {
            "t": "films_mutation_response",
            "n": 1,
            "r": [
                {
                    "t": "films",
                    "a": {
                        "t": "reviews_aggregate",
                        "g": {
                            "t": "reviews_aggregate_fields",
                            "c": 2,
                            "m": {"t": "reviews_max_fields", "s": 5},
                        },
                        "n": [{"t": "reviews"}, {"t": "reviews"}],
                    },
                }
            ],
        },
    }


def test_a_role_that_may_not_read_related_rows_may_write_them(stage: Stage) -> None:
    text = """
    mutation { insert_films(objects: {title: "A", year: 1990, trivia: {data: {fact: "F"}}}) { affected_rows } }
    """
    assert ask(stage, text, role="poster") == {"insert_films": {"affected_rows": 2}}
    assert stage.sql("SELECT count(*) FROM trivia WHERE fact = 'F'") == 1
    assert ask(stage, 'mutation { insert_trivia_one(object: {fact: "F"}) { fact } }', role="poster") == (
        "validation-failed"
    )


def test_one_update_changes_and_inserts_related_rows(stage: Stage) -> None:
    text = """
    mutation ($set: films_set_input!) { update_films_by_pk(pk_columns: {id: 1}, _set: $set) {
      title director { name } reviews(order_by: {id: asc}) { stars text author { name } }
    } }
    """
    cara = {"id": "00000000-0000-4000-8000-00000000000c", "name": "Cara", "email": "cara@example.org"}
    changed = {
        "title": "Changed",
        "director": {"data": {"id": 3, "name": "Renamed"}},
        "reviews": {"data": [{"id": 1, "stars": 1}, {"stars": 2, "author": {"data": cara}}]},
    }
    assert ask(stage, text, {"set": changed})["update_films_by_pk"] == {
        "title": "Changed",
        "director": {"name": "Renamed"},
        "reviews": [
            {"stars": 1, "text": "Perfect", "author": {"name": "Anna"}},
            {"stars": 4, "text": None, "author": {"name": "Bert"}},
            {"stars": 2, "text": None, "author": {"name": "Cara"}},
        ],
    }
