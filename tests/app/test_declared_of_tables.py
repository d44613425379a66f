"""What a team says of tables that no model describes: relations, computed fields, and what all of it is called."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from mainstay import Mainstay
from mainstay.core.exchange import Request
from mainstay.core.problem import DeclarationError
from services.postgres import Postgres

SCHEMA = """
CREATE SCHEMA back;
CREATE TABLE directors (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE films (
    id int PRIMARY KEY, title text NOT NULL, director_id int REFERENCES directors, editor_id int REFERENCES directors
);
CREATE TABLE awards (film int, prize text);
CREATE TABLE back.notes (id int PRIMARY KEY, film_id int REFERENCES films, body text);
CREATE FUNCTION loud(films) RETURNS text STABLE LANGUAGE sql AS $$ SELECT upper($1.title) $$;
CREATE FUNCTION prizes(films) RETURNS SETOF awards STABLE LANGUAGE sql AS
    $$ SELECT * FROM awards WHERE film = $1.id $$;
INSERT INTO directors VALUES (1, 'Ana'), (2, 'Ben');
INSERT INTO films VALUES (1, 'Rain', 1, 2), (2, 'Snow', 2, NULL);
INSERT INTO awards VALUES (1, 'Bear'), (1, 'Lion');
INSERT INTO back.notes VALUES (1, 1, 'cut it');
"""


def declared(url: str) -> Mainstay:
    app = Mainstay(reflect=url, schemas=("public", "back"), lanes_read=1, lanes_write=1)
    app.relate("films", "director", by="director_id")
    app.relate("films", "editor", by=["editor_id"])
    app.relate("directors", "works", to="films", by="director_id", many=True)
    app.relate("films", "awards", to="awards", on={"id": "film"}, many=True)
    app.relate("back.notes", "film", by="film_id")
    app.relate("films", "notes", to="back.notes", by="film_id", many=True)
    app.compute("films", "shouted", "loud")
    app.compute("films", "won", "public.prizes")
    app.name("films", "Film", columns={"title": "name"}, roots={"select": "movies", "select_by_pk": "movie"})
    anyone = app.role("anonymous")
    anyone.may("read", "films", columns=["id", "title", "shouted"])
    anyone.may("read", "directors", columns=["id", "name"])
    anyone.may("read", "awards", columns="*")
    anyone.may("read", "back.notes", columns=["body"])
    anyone.may_call("prizes")
    owner = app.role("owner", inherits=[anyone])
    owner.may("all", "films", columns="*")
    return app


class Stage:
    def __init__(self, app: Mainstay) -> None:
        self.loop = asyncio.new_event_loop()
        self.app = app
        self.run(app.start())

    def run(self, awaited: Any) -> Any:
        return self.loop.run_until_complete(awaited)

    def ask(self, text: str, variables: Any = None, **headers: str) -> Any:
        body = json.dumps({"query": text, "variables": variables}).encode()
        headers = {"content-type": "application/json", **headers}
        return json.loads(self.run(self.app.handle(Request("POST", "/graphql", "", headers, body))).body or b"")

    def get(self, path: str) -> Any:
        target, _, query = path.partition("?")
        return json.loads(self.run(self.app.handle(Request("GET", f"/rest/v1{target}", query, {}, b""))).body or b"")


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    return postgres.create_database(SCHEMA)


@pytest.fixture(scope="module")
def stage(url: str) -> Iterator[Stage]:
    stage = Stage(declared(url))
    yield stage
    stage.run(stage.app.stop())


def test_relations_are_called_as_they_were_named(stage: Stage) -> None:
    text = "{ movies(order_by: {id: asc}) { name director { name } editor { name } awards { prize } notes { body } } }"
    assert stage.ask(text)["data"]["movies"] == [
        {
            "name": "Rain",
            "director": {"name": "Ana"},
            "editor": {"name": "Ben"},
            "awards": [{"prize": "Bear"}, {"prize": "Lion"}],
            "notes": [{"body": "cut it"}],
        },
        {"name": "Snow", "director": {"name": "Ben"}, "editor": None, "awards": [], "notes": []},
    ]


def test_who_reads_both_tables_may_go_a_relation_whatever_column_joins_them(stage: Stage) -> None:
    """The role reads neither `films.director_id` nor `awards.film` by name."""
    works = "works(where: {awards: {}}) { name } works_aggregate { nodes { id } }"
    text = "{ directors(order_by: {id: desc}) { name " + works + " } }"
    assert stage.ask(text)["data"]["directors"] == [
        {"name": "Ben", "works": [], "works_aggregate": {"nodes": [{"id": 2}]}},
        {"name": "Ana", "works": [{"name": "Rain"}], "works_aggregate": {"nodes": [{"id": 1}]}},
    ]
    assert "director_id" in stage.ask("{ movies { director_id } }")["errors"][0]["message"]


def test_rest_embeds_by_the_same_names_and_keeps_the_columns_own(stage: Stage) -> None:
    assert stage.get("/films?select=title,director(name)&id=eq.1") == [{"title": "Rain", "director": {"name": "Ana"}}]


def test_functions_of_a_row_go_by_another_name(stage: Stage) -> None:
    text = '{ movies(where: {shouted: {_eq: "RAIN"}}) { shouted won(order_by: {prize: desc}) { prize } } }'
    expected = [{"shouted": "RAIN", "won": [{"prize": "Lion"}, {"prize": "Bear"}]}]
    assert stage.ask(text)["data"]["movies"] == expected


def test_names_are_those_of_types_arguments_and_roots(stage: Stage) -> None:
    aggregate = 'Film_aggregate(where: {name: {_like: "R%"}}) { aggregate { max { name } } }'
    text = "{ movie(id: 2) { __typename name } " + aggregate + " }"
    assert stage.ask(text)["data"] == {
        "movie": {"__typename": "Film", "name": "Snow"},
        "Film_aggregate": {"aggregate": {"max": {"name": "Rain"}}},
    }
    assert stage.ask("{ films { id } }")["errors"][0]["message"] == "field 'films' not found in type: 'query_root'"
    assert "'title' not found" in stage.ask("{ movies { title } }")["errors"][0]["message"]


def relate(*names: str, **said: Any) -> Any:
    return lambda app: app.relate(*names, **said)


@pytest.mark.parametrize(
    ("say", "what", "hint"),
    [
        (relate("film", "x", by="id"), "there is no table 'film'", "Did you mean 'films'?"),
        (relate("films", "x", by="id"), "no foreign key of public.films is of (id)", "(director_id)"),
        (relate("films", "x", to="awards", by="film"), "no foreign key of public.awards", "its keys are none"),
        (relate("films", "title", by="director_id"), "public.films has a column 'title'", "Call the"),
        (relate("films", "x", on={"id": "film"}), "it joins no table", "Say to="),
        (relate("films", "x", to="awards", on={"id": "flim"}), "public.awards has no column 'flim'", "mean 'film'"),
        (lambda app: app.compute("films", "x", "lod"), "public.lod is no function of a row", "public.loud"),
        (lambda app: app.name("films", columns={"titel": "x"}), "public.films has no column 'titel'", "'title'"),
        (lambda app: app.name("films", roots={"get": "x"}), "no kind of root field is called 'get'", "select_by_pk"),
    ],
)  # fmt: skip
def test_what_fits_no_table_is_told_before_anything_is_served(url: str, say: Any, what: str, hint: str) -> None:
    app = Mainstay(reflect=url, schemas=("public", "back"))
    app.role("anonymous")
    say(app)
    with pytest.raises(DeclarationError) as caught:
        asyncio.run(app.load())
    assert what in caught.value.what
    assert hint in (caught.value.hint or "")


def test_a_relation_says_one_way_of_joining(url: str) -> None:
    app = Mainstay(reflect=url)
    for said in ({}, {"by": "director_id", "on": {"id": "film"}}):
        with pytest.raises(DeclarationError, match="it is not said what joins"):
            app.relate("films", "x", **said)


def test_large_numbers_are_texts_where_the_settings_say_so(postgres: Postgres) -> None:
    schema = "CREATE TABLE sums (id int PRIMARY KEY, big bigint, exact numeric, rough float8, parts json[]);"
    app = Mainstay(reflect=postgres.create_database(schema), graphql_number_texts=True, lanes_read=1, lanes_write=1)
    app.role("anonymous").administers("sums")
    stage = Stage(app)
    row = '{id: 1, big: 9007199254740993, exact: 0.10, rough: 1.5, parts: ["{\\"a\\": 1}", {b: 2}]}'
    written = stage.ask(f"mutation {{ insert_sums_one(object: {row}) {{ id big exact rough parts }} }}")
    expected = {"id": 1, "big": "9007199254740993", "exact": "0.10", "rough": "1.5", "parts": [{"a": 1}, {"b": 2}]}
    assert written["data"]["insert_sums_one"] == expected
    assert stage.ask('{ sums(offset: "0") { id big exact rough parts } }')["data"]["sums"] == [expected]
    assert stage.ask('{ sums(offset: "1") { id } }')["data"]["sums"] == []
    assert "non-negative" in stage.ask('{ sums(offset: "-1") { id } }')["errors"][0]["message"]
    stage.run(stage.app.stop())


def test_comments_describe_types_and_columns(url: str) -> None:
    app = declared(url)
    app.configure(
        app.settings.load({"database_url": url, "schemas": ("public", "back"), "graphql_introspection": "always"})
    )
    app.name("films", "Film", comment="All of them", comments={"id": "Its number"})
    app.compute("films", "shouted", "loud", comment="In capitals")
    stage = Stage(app)
    fields = "{ description fields { name description } }"
    text = f'{{ film: __type(name: "Film") {fields} director: __type(name: "directors") {{ description }} }}'
    told = stage.ask(text)["data"]
    stage.run(stage.app.stop())
    assert told["film"]["description"] == "All of them"
    described = {each["name"]: each["description"] for each in told["film"]["fields"]}
    assert (described["id"], described["shouted"], described["title"]) == ("Its number", "In capitals", None)
    assert told["director"]["description"] == 'columns and relationships of "directors"'


def test_what_holds_nothing_but_an_aggregate_is_there(stage: Stage) -> None:
    text = "{ movies(order_by: {id: asc}) { id director { works_aggregate { aggregate { count } } } } }"
    assert stage.ask(text)["data"]["movies"][0] == {
        "id": 1,
        "director": {"works_aggregate": {"aggregate": {"count": 1}}},
    }
