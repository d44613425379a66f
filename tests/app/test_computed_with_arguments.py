"""Functions of a row that take more than it: what a request passes, and the caller's claims."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.test_declared_of_tables import Stage
from mainstay import Mainstay, claim
from mainstay.core.problem import DeclarationError
from services.postgres import Postgres

SCHEMA = """
CREATE TABLE films (id int PRIMARY KEY, title text NOT NULL);
CREATE TABLE reviews (id int PRIMARY KEY, film_id int REFERENCES films, stars int, author text);
CREATE FUNCTION repeated(times int, film films, mark text DEFAULT '!') RETURNS text STABLE LANGUAGE sql AS
    $$ SELECT repeat(film.title || mark, times) $$;
CREATE FUNCTION mine(film films, session json) RETURNS boolean STABLE LANGUAGE sql AS
    $$ SELECT EXISTS (SELECT FROM reviews WHERE film_id = film.id AND author = session->>'x-hasura-user-id') $$;
CREATE FUNCTION starred(film films, stars int DEFAULT 1) RETURNS SETOF reviews STABLE LANGUAGE sql AS
    $$ SELECT * FROM reviews r WHERE r.film_id = film.id AND r.stars >= starred.stars $$;
CREATE FUNCTION by_author(film films, author text) RETURNS SETOF reviews STABLE LANGUAGE sql AS
    $$ SELECT * FROM reviews r WHERE r.film_id = film.id AND r.author = by_author.author $$;
CREATE FUNCTION pairs(film films, n int) RETURNS TABLE (a int) STABLE LANGUAGE sql AS $$ SELECT 1 $$;
INSERT INTO films VALUES (1, 'Rain'), (2, 'Snow');
INSERT INTO reviews VALUES (1, 1, 5, 'ann'), (2, 1, 2, 'bob'), (3, 2, 4, 'bob');
"""


def computing(url: str) -> Mainstay:
    app = Mainstay(reflect=url, admin_open=True, lanes_read=1, lanes_write=1)
    app.compute("films", "repeated", "repeated", row="film")
    app.compute("films", "mine", "mine", session="session")
    app.compute("films", "starred", "starred")
    app.compute("films", "of_author", "by_author")
    app.role("admin").administers("films", "reviews")
    visitor = app.role("visitor")
    visitor.may("read", "films", columns=["id", "title", "mine"], rows={"mine": {"_eq": True}})
    visitor.may("read", "reviews", columns=["stars"], rows={"author": {"_eq": claim["x-hasura-user-id"]}})
    return app


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    return postgres.create_database(SCHEMA)


@pytest.fixture(scope="module")
def stage(url: str) -> Iterator[Stage]:
    stage = Stage(computing(url))
    yield stage
    stage.run(stage.app.stop())


def films(stage: Stage, fields: str, arguments: str = "", **headers: str) -> Any:
    answer = stage.ask(f"{{ films(order_by: {{id: asc}}{arguments}) {{ {fields} }} }}", **headers)
    assert "errors" not in answer, answer
    return answer["data"]["films"]


def message(stage: Stage, fields: str, arguments: str = "") -> str:
    [error] = stage.ask(f"{{ films(order_by: {{id: asc}}{arguments}) {{ {fields} }} }}")["errors"]
    return str(error["message"])


def test_a_value_is_computed_of_what_the_request_passes(stage: Stage) -> None:
    fields = 'two: repeated(args: {times: 2}) one: repeated(args: {times: 1, mark: "?"})'
    assert films(stage, fields)[0] == {"two": "Rain!Rain!", "one": "Rain?"}
    variable = "query ($args: films_repeated_args!) { films_by_pk(id: 2) { repeated(args: $args) } }"
    assert stage.ask(variable, {"args": {"times": 1}})["data"] == {"films_by_pk": {"repeated": "Snow!"}}


def test_rows_are_related_by_what_the_request_passes(stage: Stage) -> None:
    fields = "starred(args: {stars: 3}, order_by: {id: asc}) { id } all: starred(order_by: {id: desc}) { id }"
    assert films(stage, fields) == [
        {"starred": [{"id": 1}], "all": [{"id": 2}, {"id": 1}]},
        {"starred": [{"id": 3}], "all": [{"id": 3}]},
    ]
    counted = (
        'of_author_aggregate(args: {author: "bob"}) { aggregate { count } } of_author(args: {author: "ann"}) { id }'
    )
    assert films(stage, counted)[0] == {"of_author_aggregate": {"aggregate": {"count": 1}}, "of_author": [{"id": 1}]}


def test_the_callers_claims_are_passed_whoever_asks(stage: Stage) -> None:
    headers = {"x-hasura-role": "admin", "x-hasura-user-id": "ann"}
    assert films(stage, "id mine", **headers) == [{"id": 1, "mine": True}, {"id": 2, "mine": False}]
    assert films(stage, "id", ", where: {mine: {_eq: false}}", **headers) == [{"id": 2}]


def test_a_rule_may_be_about_what_is_computed(stage: Stage) -> None:
    headers = {"x-hasura-role": "visitor", "x-hasura-user-id": "ann"}
    assert films(stage, "title mine starred_aggregate { aggregate { count } }", **headers) == [
        {"title": "Rain", "mine": True, "starred_aggregate": {"aggregate": {"count": 1}}}
    ]
    assert films(stage, "title", **{**headers, "x-hasura-user-id": "nobody"}) == []


def test_what_needs_arguments_can_be_nothing_but_selected(stage: Stage) -> None:
    assert "'repeated' not found in type: 'films_bool_exp'" in message(stage, "id", ', where: {repeated: {_eq: ""}}')
    assert "'of_author' not found in type: 'films_bool_exp'" in message(stage, "id", ", where: {of_author: {}}")
    assert films(stage, "id", ", where: {starred: {stars: {_gt: 4}}}") == [{"id": 1}]
    assert "missing required field 'times'" in message(stage, "repeated(args: {})")
    assert "missing required field 'author'" in message(stage, "of_author { id }")
    assert "'mine' has no argument named 'args'" in message(stage, "mine(args: {session: {}})")
    assert "'hm' not found in type: 'films_repeated_args'" in message(stage, "repeated(args: {times: 1, hm: 2})")


def test_rest_has_what_needs_no_arguments_alone(stage: Stage) -> None:
    assert stage.get("/films?select=id,mine,starred(id)&id=eq.2") == [{"id": 2, "mine": False, "starred": [{"id": 3}]}]
    assert stage.get("/films?select=repeated")["code"] == "42703"
    assert stage.get("/films?select=of_author(id)")["code"] == "PGRST200"


@pytest.mark.parametrize(
    ("function", "said", "what"),
    [
        ("nothing", {}, "public.nothing is no function of a row of public.films"),
        ("repeated", {"row": "times"}, "public.repeated is no function of a row of public.films"),
        ("mine", {"session": "sesion"}, "public.mine has no argument 'sesion'"),
        ("pairs", {}, "public.pairs returns rows of no table"),
    ],
)
def test_what_is_no_function_of_the_row_is_told(url: str, function: str, said: dict[str, str], what: str) -> None:
    app = Mainstay(reflect=url)
    app.compute("films", "x", function, **said)
    stage = None
    with pytest.raises(DeclarationError) as caught:
        stage = Stage(app)
    assert stage is None
    assert caught.value.what == what
