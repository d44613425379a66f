"""GraphQL over the cinema: answers equal REST's for the same question, and nothing hidden is in any of them."""

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest

from cinema.app import cinema
from cinema.setting import TOKENS, set_up
from mainstay import Mainstay
from mainstay.core.exchange import Request, Response
from services.postgres import Postgres


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    url = postgres.create_database()
    asyncio.run(set_up(url, cinema().metadata))
    return url


def graph(text: str, variables: Any = None, who: str | None = None, path: str = "/v1/graphql") -> Request:
    headers = {"content-type": "application/json"} | bearer(who)
    return Request("POST", path, "", headers, json.dumps({"query": text, "variables": variables}).encode())


def rest(target: str, who: str | None = None) -> Request:
    path, _, query = target.partition("?")
    return Request("GET", f"/rest/v1/{path}", query, bearer(who))


def bearer(who: str | None) -> dict[str, str]:
    return {} if who is None else {"authorization": f"Bearer {TOKENS[who]}"}


def handle(app: Mainstay, *requests: Request) -> list[Response]:
    async def main() -> list[Response]:
        await app.start()
        try:
            return [await app.handle(request) for request in requests]
        finally:
            await app.stop()

    return asyncio.run(main())


def ask(url: str, *requests: Request, **settings: Any) -> list[Any]:
    return [json.loads(each.body or b"") for each in handle(cinema(database_url=url, **settings), *requests)]


PAIRS: list[tuple[str, str, str]] = [
    ("films", "films(order_by: {id: asc}) { id title rating }", "films?select=id,title,rating&order=id"),
    (
        "films",
        "films(where: {id: {_in: [1, 3]}}, order_by: {year: desc}) { t: title details(path: \"reels\") }",
        "films?select=t:title,details:details->reels&id=in.(1,3)&order=year.desc",
    ),
    (
        "films",
        "films(order_by: {id: asc}) { id director { name mentor { name } } tags(order_by: {label: asc}) { label } }",
        "films?select=id,director(name,mentor(name)),tags(label)&order=id&tags.order=label",
    ),
    (
        "films",
        "films(where: {reviews: {stars: {_gt: 4}}}) { id reviews(order_by: {id: asc}, limit: 1) { id } }",
        "films?select=id,reviews(id),r:reviews!inner()&r.stars=gt.4&reviews.order=id&reviews.limit=1",
    ),
    (
        "films",
        "films(order_by: [{director: {name: desc_nulls_last}}, {id: asc}], limit: 2, offset: 1) { id }",
        "films?select=id,director()&order=director(name).desc.nullslast,id&limit=2&offset=1",
    ),
    (
        "films",
        "films(where: {_or: [{title: {_ilike: \"%RAIN%\"}}, {_not: {year: {_lt: 1990}}}]}, order_by: {id: asc}) { id }",
        "films?select=id&or=(title.ilike.*RAIN*,year.not.lt.1990)&order=id",
    ),
    (
        "films",
        "films(where: {director_id: {_is_null: false}}, order_by: {id: asc}) { id director_id: director { id } }",
        "films?select=id,director_id:director(id)&id=neq.4&order=id",
    ),
    ("films", "films(limit: 0) { id }", "films?select=id&limit=0"),
    (
        "films",
        "films(where: {title: {_similar: \"(Salt|A)%\", _nsimilar: \"%Tea\"}}) { id }",
        "films?select=id&title=similar.(Salt|A)%&and=(title.not.similar.%Tea)",
    ),
    ("films", "films(where: {details: {_has_key: \"sound\"}}) { id }", "films?select=id&details=haskey.sound"),
    (
        "films",
        "films(where: {details: {_has_keys_any: [\"sound\", \"places\"]}}, order_by: {id: asc}) { id }",
        "films?select=id&details=hasany.{sound,places}&order=id",
    ),
    (
        "films",
        "films(where: {details: {_has_keys_all: [\"colour\", \"reels\"]}}, order_by: {id: asc}) { id }",
        "films?select=id&details=hasall.{colour,reels}&order=id",
    ),
    (
        "films",
        "films(where: {details: {_cast: {String: {_like: \"%Kiel%\"}}}}) { id }",
        "films?select=id&id=eq.1",
    ),
    (
        "films",
        "films(where: {aliases: {_in: [[\"Regen\"], [\"a\", \"b\"]]}}) { id }",
        "films?select=id&aliases=in.(\"{Regen}\",\"{a,b}\")",
    ),
    (
        "films",
        "films(where: {details: {_in: [{colour: true}, 5]}}) { id }",
        "films?select=id&details=eq.{\"colour\":true}",
    ),
    ("films", "films(where: {shown: {_contains: \"[1990,1991)\"}}) { id }", "films?select=id&shown=cs.[1990,1991)"),
    ("screenings", "screenings(order_by: {id: asc}) { screenings_guest { name } }",
     "screenings?select=screenings_guest(name)&order=id"),
    ("reviews", "reviews(order_by: {id: asc}) { id stars author { name } }",
     "reviews?select=id,stars,author(name)&order=id"),
]  # fmt: skip


@pytest.mark.parametrize("who", [None, "anna", "critic", "owner"])
def test_answers_equal_those_of_rest(url: str, who: str | None) -> None:
    requests: list[Request] = []
    for _, field, target in PAIRS:
        requests += [graph(f"{{ {field} }}", who=who), rest(quote(target, safe="?&=,.()!:*>-{}|"), who)]
    answers = ask(url, *requests)
    for (name, field, _), ours, theirs in zip(PAIRS, answers[::2], answers[1::2], strict=True):
        assert ours == {"data": {name: theirs}}, field


def test_reads_by_key_and_aggregates_come_in_one_answer(url: str) -> None:
    text = """
    query ($id: Int!, $none: Int!) {
      __typename
      film: films_by_pk(id: $id) { title __typename }
      none: films_by_pk(id: $none) { title }
      part: castings_by_pk(film_id: 1, actor_id: 2) { part }
      films_aggregate(where: {id: {_lte: 2}}) {
        aggregate { count n: count(columns: [director_id], distinct: true) max { year } }
        nodes { id reviews_aggregate { aggregate { count } } }
      }
    }
    """
    [answer] = ask(url, graph(text, {"id": 1, "none": 99}))
    assert [*answer["data"].items()] == [
        ("__typename", "query_root"),
        ("film", {"title": "The Long Pier", "__typename": "films"}),
        ("none", None),
        ("part", {"part": "The pilot"}),
        (
            "films_aggregate",
            {
                "aggregate": {"count": 2, "n": 2, "max": {"year": 1988}},
                "nodes": [
                    {"id": 1, "reviews_aggregate": {"aggregate": {"count": 2}}},
                    {"id": 2, "reviews_aggregate": {"aggregate": {"count": 0}}},
                ],
            },
        ),
    ]


def test_rows_are_ordered_and_filtered_by_what_is_related(url: str) -> None:
    text = """
    { films(
        where: {reviews_aggregate: {count: {predicate: {_gte: 1}, filter: {stars: {_gt: 0}}}}}
        order_by: [{reviews_aggregate: {count: desc}}, {reviews_aggregate: {max: {stars: asc}}}, {id: asc}]
    ) { id } }
    """
    ours, theirs = ask(url, graph(text, who="owner"), rest("reviews?select=film_id", "owner"))
    counts: dict[int, int] = {}
    for row in theirs:
        counts[row["film_id"]] = counts.get(row["film_id"], 0) + 1
    assert {row["id"] for row in ours["data"]["films"]} == counts.keys()
    assert ours["data"]["films"][0]["id"] == max(counts, key=lambda film: counts[film])


def test_aggregates_of_related_rows_are_compared(url: str) -> None:
    text = """{
      many: films(where: {reviews_aggregate: {count: {arguments: [stars, text], predicate: {_eq: 1}}}}) { id }
      distinct: directors(
        where: {films_aggregate: {count: {arguments: genre, distinct: true, predicate: {_gt: 1}}}}
      ) { id }
      public: films(
        where: {reviews_aggregate: {bool_and: {arguments: public, filter: {stars: {_gt: 1}}, predicate: {_eq: true}}}}
      ) { id }
      some: films(where: {reviews_aggregate: {bool_or: {arguments: public, predicate: {_eq: false}}}},
        order_by: {id: asc}) { id }
      best: films(where: {reviews_aggregate: {max: {arguments: stars, predicate: {_gte: 5}}}}) { id }
      spread: directors(where: {films_aggregate: {stddev: {arguments: year, predicate: {_gt: 4.2}}}}) { id }
    }"""
    [answer] = ask(url, graph(text, who="owner"))
    assert answer["data"] == {
        "many": answer["data"]["many"],
        "distinct": [{"id": 2}],
        "public": [{"id": 1}],
        "some": [{"id": 2}, {"id": 3}],
        "best": [{"id": 1}],
        "spread": [{"id": 2}],
    }
    assert [row["id"] for row in answer["data"]["many"]] == [1, 2, 3]


def test_rows_are_ordered_by_what_several_relations_lead_to(url: str) -> None:
    text = """{
      films(order_by: [{director: {mentor: {name: asc_nulls_last}}}, {director: {name: desc}}, {id: asc}]) { id }
      reviews(order_by: {film: {director: {films_aggregate: {count: desc}}}, id: asc}) { id }
      films_aggregate(order_by: {director: {name: desc_nulls_last}}, limit: 1) { nodes { id } aggregate { count } }
      directors(order_by: {id: asc}) {
        films_aggregate(order_by: {studio: {name: asc}}) { nodes { id } }
        pupils(order_by: {mentor: {films_aggregate: {max: {year: desc}}}, id: asc}) { id }
      }
    }"""
    [answer] = ask(url, graph(text, who="owner"))
    data = answer["data"]
    assert [row["id"] for row in data["films"]] == [5, 2, 3, 4, 1]
    assert [row["id"] for row in data["reviews"]] == [2, 4, 1, 3]
    assert data["films_aggregate"] == {"nodes": [{"id": 5}], "aggregate": {"count": 1}}
    assert data["directors"][0] == {"films_aggregate": {"nodes": [{"id": 1}]}, "pupils": [{"id": 2}, {"id": 3}]}


def test_the_first_of_rows_that_are_alike(url: str) -> None:
    text = """{
      films(distinct_on: director_id, order_by: [{director_id: asc}, {year: desc}]) { id }
      same: films(distinct_on: [genre, director_id], where: {id: {_lt: 4}}) { id }
      directors(order_by: {id: asc}) {
        films(distinct_on: [director_id], order_by: {director_id: asc, year: desc}) { id }
        films_aggregate(distinct_on: director_id) { aggregate { count } }
      }
      films_aggregate(distinct_on: [director_id]) { aggregate { count } }
    }"""
    [answer] = ask(url, graph(text))
    assert "data" in answer, answer
    data = answer["data"]
    assert [row["id"] for row in data["films"]] == [1, 3, 5]
    assert sorted(row["id"] for row in data["same"]) == [1, 2, 3]
    assert [[film["id"] for film in row["films"]] for row in data["directors"]] == [[1], [3], [5], []]
    assert [row["films_aggregate"]["aggregate"]["count"] for row in data["directors"]] == [1, 1, 1, 0]
    assert data["films_aggregate"] == {"aggregate": {"count": 3}}


def test_statistics_are_aggregates_like_others(url: str) -> None:
    text = """{ films_aggregate {
      aggregate {
        stddev { year } stddev_pop { year } stddev_samp { year } variance { id } var_pop { id } var_samp { id }
      }
    } }"""
    [answer] = ask(url, graph(text))
    found = answer["data"]["films_aggregate"]["aggregate"]
    assert found["stddev"] == found["stddev_samp"]
    assert round(found["stddev_pop"]["year"], 3) == 15.149
    assert (found["variance"], round(found["var_pop"]["id"], 4)) == (found["var_samp"], 2.1875)
    [refused] = ask(url, graph("{ films_aggregate { aggregate { stddev { title } } } }"))
    assert refused["errors"][0]["message"] == "field 'title' not found in type: 'films_stddev_fields'"


def test_rows_are_compared_with_those_around_them(url: str) -> None:
    """Films that a pupil of their director's made earlier; and directors that made a film before another one's."""
    text = """{
      films(where: {director: {pupils: {films: {year: {_clt: ["$", "year"]}}}}}, order_by: {id: asc}) { id }
      directors(
        where: {films: {_not: {director_id: {_cneq: ["$", "id"]}, year: {_clte: "id"}}}}, order_by: {id: asc}
      ) { id }
      alone: directors(where: {id: {_ceq: ["$", "mentor_id"]}}) { id }
      counted: directors(where: {films_aggregate: {count: {predicate: {_gt: 1}, filter: {id: {_cgte: ["$", "id"]}}}}}) {
        id
      }
    }"""
    [answer] = ask(url, graph(text, who="owner"))
    assert answer["data"] == {
        "films": [], "directors": [{"id": 1}, {"id": 2}, {"id": 3}], "alone": [], "counted": [{"id": 2}]
    }  # fmt: skip


def test_rows_of_any_table_may_be_asked_for(url: str) -> None:
    text = """query ($title: String!) {
      tags(
        where: {_exists: {
          _table: {schema: "public", name: "films"}, _where: {title: {_eq: $title}, id: {_ceq: ["$", "id"]}}
        }}
      ) { id }
      all: tags(where: {_exists: {_table: "reviews"}}, order_by: {id: asc}) { id }
      none: tags(where: {_exists: {_table: {name: "films"}, _where: {published: {_eq: false}}}}) { id }
    }"""
    [answer] = ask(url, graph(text, {"title": "Salt and Rain"}))
    assert answer["data"] == {"tags": [{"id": 2}], "all": [{"id": 1}, {"id": 2}, {"id": 3}], "none": []}


def test_a_filter_on_related_rows_is_not_that_of_those_selected(url: str) -> None:
    text = "{ films(where: {reviews: {stars: {_gt: 1}}}) { id reviews(where: {stars: {_gt: 100}}) { id } } }"
    assert ask(url, graph(text)) == [{"data": {"films": [{"id": 1, "reviews": []}]}}]


def test_an_alias_that_is_called_like_a_column_changes_no_filter(url: str) -> None:
    [answer] = ask(
        url, graph("{ reviews(where: {text: {_is_null: true}}, order_by: {id: asc}) { id text: film { id } } }")
    )
    assert [row["id"] for row in answer["data"]["reviews"]] == [3]


@pytest.mark.parametrize("path", ["/graphql", "/v1/graphql"])
def test_a_query_may_come_by_get(url: str, path: str) -> None:
    text = "query ($id: Int) { films(where: {id: {_eq: $id}}) { id } }"
    target = f"query={quote(text)}&variables={quote(json.dumps({'id': 2}))}"
    assert ask(url, Request("GET", path, target, {})) == [{"data": {"films": [{"id": 2}]}}]


HIDDEN = [
    "{ vault { id } }",
    "{ films { budget } }",
    "{ films(where: {budget: {_gt: 1}}) { id } }",
    "{ films(where: {year: {_cgt: budget}}) { id } }",
    "{ films(order_by: {gross: asc}) { id } }",
    '{ directors(where: {films: {year: {_cgt: ["$", "budget"]}}}) { id } }',
    '{ films(where: {reviews: {stars: {_cgt: ["$", "budget"]}}}) { id } }',
    '{ films(where: {_exists: {_table: {schema: "public", name: "vault"}}}) { id } }',
    '{ films(where: {_exists: {_table: "films", _where: {budget: {_gt: 1}}}}) { id } }',
    "{ films_aggregate { aggregate { max { budget } } } }",
    "{ films_aggregate { aggregate { count(columns: [budget]) } } }",
    "{ directors(order_by: {films_aggregate: {max: {budget: asc}}}) { id } }",
    "{ directors(where: {films: {budget: {_gt: 0}}}) { id } }",
    "{ screenings(order_by: {screenings_host: {email: asc}}) { id } }",
    "{ members { email } }",
    "{ films(distinct_on: budget) { id } }",
    "{ films(order_by: {director: {films_aggregate: {var_pop: {budget: asc}}}}) { id } }",
    "{ directors(where: {films_aggregate: {sum: {arguments: budget, predicate: {_gt: 1}}}}) { id } }",
    "{ directors(where: {films_aggregate: {count: {arguments: budget, predicate: {_gt: 1}}}}) { id } }",
]


def test_what_is_hidden_is_answered_as_what_is_not_there(url: str) -> None:
    """With the hidden name in the place of one that exists nowhere, the very same words come back."""
    for text in HIDDEN:
        hidden = next(name for name in ("vault", "budget", "gross", "email") if name in text)
        ours, nowhere = ask(url, graph(text), graph(text.replace(hidden, "nowhere")))
        assert "errors" in ours, text
        assert json.dumps(ours).replace(hidden, "nowhere") == json.dumps(nowhere)


def test_no_row_that_is_hidden_is_shown_or_counted(url: str) -> None:
    text = """{
      films { published }
      films_aggregate { aggregate { count max { year } } nodes { published } }
      directors { films { published } films_aggregate { nodes { published } } }
      film: films_by_pk(id: 4) { id }
      tags(where: {label: {_eq: "weather"}}) { films { id } }
      reviews(where: {film: {published: {_eq: false}}}) { id }
    }"""
    [answer] = ask(url, graph(text))
    assert "false" not in json.dumps(answer)
    data = answer["data"]
    assert data["film"] is None
    assert data["films_aggregate"]["aggregate"] == {"count": len(data["films"]), "max": {"year": 2001}}
    assert 4 not in [film["id"] for tag in data["tags"] for film in tag["films"]]


def test_callers_of_a_role_share_a_document_and_no_row(url: str) -> None:
    text = "{ reviews(order_by: {id: asc}) { id } }"
    anna, bert, again = ask(url, graph(text, who="anna"), graph(text, who="bert"), graph(text, who="anna"))
    assert anna == again
    assert anna != bert


def test_one_role_s_document_is_not_anothers(url: str) -> None:
    text = "{ films { budget } }"
    owner, anonymous = ask(url, graph(text, who="owner"), graph(text))
    assert "data" in owner
    assert anonymous["errors"][0]["message"] == "field 'budget' not found in type: 'films'"


@pytest.mark.parametrize(
    ("text", "who", "code"),
    [
        ("{ films { id } }", "forged", "invalid-jwt"),
        ("{ films { id } }", "expired", "invalid-jwt"),
        ('{ members_by_pk(id: "x") { name } }', None, "data-exception"),
        ('{ films(where: {title: {_like: "a\\\\"}}) { id } }', None, "bad-request"),
        ('{ films(where: {title: {_similar: "a("}}) { id } }', None, "bad-request"),
    ],
)
def test_problems_have_hasuras_codes(url: str, text: str, who: str | None, code: str) -> None:
    [answer] = ask(url, graph(text, who=who))
    assert answer["errors"][0]["extensions"] == {"path": "$", "code": code}


def test_a_page_of_an_allowed_origin_may_read_answers_and_refusals(url: str) -> None:
    app = cinema(database_url=url, cors_origins=("https://cinema.example",))
    asked, refused = graph("{ films { id } }"), graph("{ nope }")
    origin = {"content-type": "application/json", "origin": "https://cinema.example"}
    requests = [Request(each.method, each.path, "", origin, each.body) for each in (asked, refused)]
    for response in handle(app, *requests):
        assert dict(response.headers)["access-control-allow-origin"] == "https://cinema.example"


def test_paths_and_aggregates_are_settings(url: str) -> None:
    [nowhere] = ask(url, graph("{ films { id } }"), graphql_paths=())
    assert "errors" not in nowhere
    [here] = ask(url, graph("{ films_by_pk(id: 1) { id } }", path="/q"), graphql_paths=("/q",))
    assert here == {"data": {"films_by_pk": {"id": 1}}}
    [refused] = ask(url, graph("{ films_aggregate { aggregate { count } } }"), aggregates_enabled=False)
    assert refused["errors"][0]["message"] == "field 'films_aggregate' not found in type: 'query_root'"


def test_the_database_decides_where_it_is_to(postgres: Postgres) -> None:
    postgres.run("CREATE ROLE graph_anon")
    url = postgres.create_database(
        "CREATE SCHEMA api; CREATE SCHEMA more",
        "CREATE TABLE api.films (id int PRIMARY KEY, title text, budget int)",
        "CREATE TABLE more.notes (id int PRIMARY KEY, film_id int REFERENCES api.films)",
        "INSERT INTO api.films VALUES (1, 'Alien', 11), (2, 'Brazil', 15); INSERT INTO more.notes VALUES (1, 2)",
        "GRANT USAGE ON SCHEMA api, more TO graph_anon; GRANT SELECT (id, title) ON api.films TO graph_anon",
        "GRANT SELECT ON more.notes TO graph_anon",
        "ALTER TABLE api.films ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY shown ON api.films USING (id = 2 AND current_setting('request.path', true) = '/graphql')",
    )
    app = Mainstay(reflect=url, security="database", schemas=("api", "more"), anonymous_role="graph_anon")
    text = "{ films { id title } more_notes { __typename film_id } }"
    shown, hidden = handle(app, graph(text, path="/graphql"), graph("{ films { budget } }", path="/graphql"))
    assert json.loads(shown.body or b"") == {
        "data": {
            "films": [{"id": 2, "title": "Brazil"}],
            "more_notes": [{"__typename": "more_notes", "film_id": 2}],
        }
    }
    assert json.loads(hidden.body or b"")["errors"][0]["message"] == "field 'budget' not found in type: 'films'"
