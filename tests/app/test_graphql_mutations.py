"""Mutations over the cinema: what is written, what is answered, and that all of a document is done or none of it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from cinema.setting import TOKENS
from mainstay.core.exchange import Request
from services.postgres import Postgres
from transact.cinema_stage import Stage


@pytest.fixture(scope="module")
def module_stage(postgres: Postgres) -> Iterator[Stage]:
    stage = Stage(postgres.create_database())
    yield stage
    stage.run(stage.app.stop())
    stage.loop.close()


@pytest.fixture
def stage(module_stage: Stage) -> Stage:
    module_stage.reset()
    return module_stage


def graph(stage: Stage, text: str, variables: Any = None, who: str = "owner", **headers: str) -> Any:
    sent = {"content-type": "application/json", "authorization": f"Bearer {TOKENS[who]}", **headers}
    body = json.dumps({"query": text, "variables": variables}).encode()
    response = stage.run(stage.app.handle(Request("POST", "/v1/graphql", "", sent, body)))
    return json.loads(response.body or b"")


def data(stage: Stage, text: str, variables: Any = None, who: str = "owner") -> Any:
    answer = graph(stage, text, variables, who)
    assert "errors" not in answer, answer
    return answer["data"]


def error(stage: Stage, text: str, variables: Any = None, who: str = "owner") -> tuple[str, str, str]:
    """(code, path, message)"""
    [found] = graph(stage, text, variables, who)["errors"]
    return found["extensions"]["code"], found["extensions"]["path"], found["message"]


def test_an_insert_answers_with_its_rows_and_their_relations(stage: Stage) -> None:
    text = """
    mutation ($rows: [films_insert_input!]!) {
      insert_films(objects: $rows) {
        __typename n: affected_rows
        rows: returning { __typename title published director { name } tags_aggregate { aggregate { count } } }
      }
    }
    """
    rows = [{"title": "New", "year": 2024, "director_id": 2}, {"title": "Newer", "year": 2025, "published": False}]
    assert data(stage, text, {"rows": rows})["insert_films"] == {
        "__typename": "films_mutation_response",
        "n": 2,
        "rows": [
            {"__typename": "films", "title": "New", "published": True, "director": {"name": "Ben Okafor"},
             "tags_aggregate": {"aggregate": {"count": 0}}},
            {"__typename": "films", "title": "Newer", "published": False, "director": None,
             "tags_aggregate": {"aggregate": {"count": 0}}},
        ],
    }  # fmt: skip


def test_rows_of_different_keys_take_their_columns_defaults(stage: Stage) -> None:
    """A key that is missing takes the default; one that is null is null, which here must not be."""
    text = 'mutation { insert_films(objects: [{title: "A", year: 2000}, {title: "B", year: 2000, published: false}]) '
    answer = data(stage, text + "{ returning { published } } }")
    assert [row["published"] for row in answer["insert_films"]["returning"]] == [True, False]
    code, path, message = error(stage, "mutation { insert_films_one(object: {title: null, year: 2000}) { id } }")
    assert (code, path) == ("constraint-violation", "$.selectionSet.insert_films_one.args.object")
    assert message.startswith("Not-NULL violation. null value in column")


def test_variables_inside_a_written_object_are_values_alone(stage: Stage) -> None:
    text = "mutation ($t: String!, $y: Int) { insert_films_one(object: {title: $t, year: $y}) { title year } }"
    assert data(stage, text, {"t": "One", "y": 2001})["insert_films_one"] == {"title": "One", "year": 2001}
    assert data(stage, text, {"t": "Two", "y": 2002})["insert_films_one"] == {"title": "Two", "year": 2002}


def test_nested_rows_are_written_with_their_parents_and_counted(stage: Stage) -> None:
    text = """
    mutation {
      insert_films(objects: [
        {title: "P", year: 2000, director: {data: {name: "D"}}, reviews: {data: [
          {stars: 5, author: {data: {id: "00000000-0000-4000-8000-00000000000c", name: "C", email: "c@example.org"}}}
        ]}},
        {title: "Q", year: 2001, trivia: {data: {fact: "F"}}}
      ]) { affected_rows returning { title director { name } reviews { stars author { name } } trivia { fact } } }
    }
    """
    assert data(stage, text)["insert_films"] == {
        "affected_rows": 6,
        "returning": [
            {"title": "P", "director": {"name": "D"}, "reviews": [{"stars": 5, "author": {"name": "C"}}],
             "trivia": None},
            {"title": "Q", "director": None, "reviews": [], "trivia": {"fact": "F"}},
        ],
    }  # fmt: skip


def test_relations_of_what_is_returned_have_the_written_rows(stage: Stage) -> None:
    film = "film { reviews(order_by: {id: asc}) { id stars } reviews_aggregate { aggregate { sum { stars } } } }"
    text = f"""
    mutation {{
      insert_reviews_one(object: {{id: 90, film_id: 2, stars: 1, author_id: "00000000-0000-4000-8000-00000000000b"}})
      {{ {film} }}
      update_reviews_by_pk(pk_columns: {{id: 90}}, _set: {{stars: 2}}) {{ {film} }}
      again: insert_reviews_one(
        object: {{id: 90, film_id: 2, stars: 3, author_id: "00000000-0000-4000-8000-00000000000b"}}
        on_conflict: {{constraint: reviews_pkey, update_columns: [stars]}}
      ) {{ {film} }}
      delete_reviews_by_pk(id: 90) {{ {film} }}
    }}
    """
    answer = data(stage, text)
    before: list[dict[str, int]] = [{"id": 2, "stars": 2}]
    stars = [1, 2, 3, None]
    for found, own in zip(answer.values(), stars, strict=True):
        reviews = before if own is None else [*before, {"id": 90, "stars": own}]
        total = {"aggregate": {"sum": {"stars": sum(each["stars"] for each in reviews)}}}
        assert found["film"] == {"reviews": reviews, "reviews_aggregate": total}


def test_a_conflict_updates_what_it_names_or_leaves_the_row(stage: Stage) -> None:
    text = """
    mutation ($columns: [tags_update_column!]!) {
      insert_tags_one(
        object: {label: "sea", id: 77}, on_conflict: {constraint: tags_label_key, update_columns: $columns}
      )
      { id label }
    }
    """
    assert data(stage, text, {"columns": []})["insert_tags_one"] is None
    assert data(stage, text, {"columns": ["label"]})["insert_tags_one"] == {"id": 1, "label": "sea"}
    only = """
    mutation { insert_tags(objects: [{id: 1, label: "x"}, {id: 2, label: "y"}], on_conflict: {constraint: tags_pkey,
      update_columns: [label], where: {label: {_eq: "weather"}}}) { affected_rows returning { label } } }
    """
    assert data(stage, only)["insert_tags"] == {"affected_rows": 1, "returning": [{"label": "y"}]}


def test_an_upsert_enforces_the_rules_of_updates(stage: Stage) -> None:
    code, _, message = error(
        stage,
        'mutation { insert_reviews(objects: {id: 3, film_id: 1, author_id: "00000000-0000-4000-8000-00000000000b", '
        "stars: 9}, on_conflict: {constraint: reviews_pkey, update_columns: [stars]}) { affected_rows } }",
        who="editor",
    )
    assert (code, message) == ("permission-error", "check constraint of an insert/update permission has failed")
    code, path, _ = error(
        stage,
        "mutation { insert_reviews(objects: {id: 3, film_id: 1}, on_conflict: {constraint: reviews_pkey, "
        "update_columns: [film_id]}) { affected_rows } }",
        who="editor",
    )
    assert (code, path) == (
        "validation-failed",
        "$.selectionSet.insert_reviews.args.on_conflict.update_columns[0]",
    )


def test_an_upsert_leaves_rows_that_the_role_may_not_update(stage: Stage) -> None:
    """As Hasura does: they are neither counted nor answered with. Those that it may update are."""
    text = """
    mutation { insert_reviews(
      objects: [
        {id: 2, film_id: 1, author_id: "00000000-0000-4000-8000-00000000000a", stars: 5}
        {id: 3, film_id: 1, author_id: "00000000-0000-4000-8000-00000000000b", stars: 5}
      ]
      on_conflict: {constraint: reviews_pkey, update_columns: [stars]}
    ) { affected_rows returning { id stars } } }
    """
    assert data(stage, text, who="editor")["insert_reviews"] == {
        "affected_rows": 1,
        "returning": [{"id": 3, "stars": 5}],
    }
    assert stage.sql("SELECT stars FROM reviews WHERE id = 2") == 2


def test_conflicts_of_nested_rows_are_ignored_merged_or_refused(stage: Stage) -> None:
    text = """
    mutation ($conflict: reviews_on_conflict!) { insert_films_one(object: {title: "N", year: 2000, reviews: {
      data: [
        {id: 3, stars: 5, author_id: "00000000-0000-4000-8000-00000000000b"}
        {id: 93, stars: 1, author_id: "00000000-0000-4000-8000-00000000000a"}
      ]
      on_conflict: $conflict
    }}) { reviews(order_by: {id: asc}) { id stars } } }
    """
    new, old = {"id": 93, "stars": 1}, {"id": 3, "stars": 5}
    ignored = data(stage, text, {"conflict": {"constraint": "reviews_pkey", "update_columns": []}})
    assert ignored["insert_films_one"]["reviews"] == [new]
    stage.reset()
    merge = {"constraint": "reviews_pkey", "update_columns": ["stars", "film_id"]}
    merged = data(stage, text, {"conflict": merge})
    assert merged["insert_films_one"]["reviews"] == [old, new]
    stage.reset()
    left = data(stage, text, {"conflict": {**merge, "where": {"stars": {"_gt": 9}}}})
    assert left["insert_films_one"]["reviews"] == [new]
    code, _, _ = error(
        stage,
        'mutation { insert_directors_one(object: {id: 1, name: "Ada", films: {data: {title: "F", year: 2000}}}, '
        "on_conflict: {constraint: directors_pkey, update_columns: []}) { id } }",
    )
    assert code == "not-supported"


def test_numbers_and_booleans_may_be_spelt_as_texts(stage: Stage) -> None:
    text = 'mutation { insert_films_one(object: {title: "S", year: "1999", published: "false"}) { year published } }'
    assert data(stage, text)["insert_films_one"] == {"year": 1999, "published": False}
    code, path, _ = error(stage, 'mutation { insert_films_one(object: {title: "S", year: "soon"}) { id } }')
    assert (code, path) == ("data-exception", "$.selectionSet.insert_films_one.args.object")


def test_updates_set_add_and_change_json(stage: Stage) -> None:
    text = """
    mutation {
      update_films(where: {id: {_lte: 2}}, _set: {title: "T"}, _inc: {year: 1}, _append: {details: {new: [1.50]}}) {
        affected_rows returning { id title year details }
      }
      a: update_films_by_pk(pk_columns: {id: 1}, _delete_key: {details: "places"}) { details }
      b: update_films_by_pk(pk_columns: {id: 2}, _delete_at_path: {details: ["sound", "channels"]}) { details }
      none: update_films_by_pk(pk_columns: {id: 99}, _set: {title: "x"}) { id }
    }
    """
    answer = data(stage, text)
    assert answer["update_films"] == {
        "affected_rows": 2,
        "returning": [
            {"id": 1, "title": "T", "year": 1962,
             "details": {"colour": False, "reels": 9, "places": ["Kiel", "Hull"], "new": [1.5]}},
            {"id": 2, "title": "T", "year": 1989,
             "details": {"colour": True, "reels": 12, "sound": {"channels": 2}, "new": [1.5]}},
        ],
    }  # fmt: skip
    assert answer["a"]["details"] == {"colour": False, "reels": 9, "new": [1.5]}
    assert answer["b"]["details"]["sound"] == {}
    assert answer["none"] is None


def test_many_updates_are_made_in_their_order(stage: Stage) -> None:
    text = """
    mutation ($updates: [tags_updates!]!) { update_tags_many(updates: $updates) { affected_rows returning { label } } }
    """
    updates = [
        {"where": {"id": {"_eq": 1}}, "_set": {"label": "first"}},
        {"where": {"label": {"_eq": "first"}}, "_set": {"label": "second"}},
    ]
    assert data(stage, text, {"updates": updates})["update_tags_many"] == [
        {"affected_rows": 1, "returning": [{"label": "first"}]},
        {"affected_rows": 1, "returning": [{"label": "second"}]},
    ]
    assert data(stage, text, {"updates": []})["update_tags_many"] == []


def test_deletes_answer_with_what_was_there(stage: Stage) -> None:
    text = """
    mutation {
      delete_reviews(where: {film_id: {_eq: 1}}) { affected_rows returning { id film { title } } }
      delete_tags_by_pk(id: 3) { label }
      again: delete_tags_by_pk(id: 3) { label }
    }
    """
    assert data(stage, text) == {
        "delete_reviews": {
            "affected_rows": 2,
            "returning": [{"id": 1, "film": {"title": "The Long Pier"}}, {"id": 3, "film": {"title": "The Long Pier"}}],
        },
        "delete_tags_by_pk": {"label": "unused"},
        "again": None,
    }


def test_where_is_said_and_all_rows_only_where_the_policy_has_it(stage: Stage) -> None:
    assert error(stage, "mutation { delete_films { affected_rows } }")[0] == "validation-failed"
    assert error(stage, "mutation { delete_films(where: null) { affected_rows } }")[0] == "validation-failed"
    assert error(stage, "mutation { delete_films(where: {id: {_eq: null}}) { affected_rows } }")[0] == (
        "validation-failed"
    )
    code, _, message = error(stage, "mutation { delete_films(where: {}) { affected_rows } }")
    assert "every row" in message, code
    assert stage.sql("SELECT count(*) FROM films") == 5
    stage.sql("TRUNCATE film_tags")
    assert data(stage, "mutation { delete_tags(where: {}) { affected_rows } }")["delete_tags"]["affected_rows"] == 3


def test_the_mutations_of_a_document_are_one_transaction(stage: Stage) -> None:
    text = """
    mutation {
      first: insert_tags_one(object: {label: "kept?"}) { id }
      second: insert_tags_one(object: {label: "sea"}) { id }
    }
    """
    code, path, message = error(stage, text)
    assert (code, path) == ("constraint-violation", "$.selectionSet.insert_tags_one.args.object")
    assert message == 'Uniqueness violation. duplicate key value violates unique constraint "tags_label_key"'
    assert stage.sql("SELECT count(*) FROM tags") == 3


def test_a_role_writes_what_its_rules_say(stage: Stage) -> None:
    own = "mutation { insert_reviews_one(object: {film_id: 3, stars: 3, public: false}) { stars author { name } } }"
    assert data(stage, own, who="anna")["insert_reviews_one"] == {"stars": 3, "author": {"name": "Anna"}}
    preset = 'mutation { insert_reviews_one(object: {film_id: 1, stars: 3, author_id: "x"}) { id } }'
    assert error(stage, preset, who="anna")[2] == "field 'author_id' not found in type: 'reviews_insert_input'"
    hidden = "mutation { insert_reviews_one(object: {film_id: 4, stars: 3}) { id } }"
    assert error(stage, hidden, who="anna") == (
        "permission-error",
        "$.selectionSet.insert_reviews_one.args.object",
        "check constraint of an insert/update permission has failed",
    )
    assert error(stage, "mutation { delete_films(where: {}) { affected_rows } }", who="anna") == (
        "validation-failed",
        "$.selectionSet.delete_films",
        "field 'delete_films' not found in type: 'mutation_root'",
    )
    others = "mutation { update_reviews(where: {}, _set: {stars: 1}) { affected_rows } }"
    assert error(stage, others, who="anna")[0] != "permission-error"
    theirs = "mutation { update_reviews(where: {id: {_eq: 3}}, _set: {stars: 1}) { affected_rows returning { id } } }"
    assert data(stage, theirs, who="anna")["update_reviews"] == {"affected_rows": 0, "returning": []}


def test_a_mutation_with_a_key_is_done_once(stage: Stage) -> None:
    text = 'mutation { insert_tags_one(object: {label: "once"}) { id } }'
    first = graph(stage, text, **{"idempotency-key": "k1"})
    assert graph(stage, text, **{"idempotency-key": "k1"}) == first
    assert stage.sql("SELECT count(*) FROM tags WHERE label = 'once'") == 1


def test_a_mutation_is_not_made_by_get(stage: Stage) -> None:
    query = "query=mutation%20%7B%20__typename%20%7D"
    headers = {"authorization": f"Bearer {TOKENS['owner']}"}
    response = stage.run(stage.app.handle(Request("GET", "/v1/graphql", query, headers)))
    assert response.status == 405
    assert data(stage, "mutation { __typename }") == {"__typename": "mutation_root"}


BAD: list[tuple[str, str, str]] = [
    ("insert_films { affected_rows }", "insert_films.args", "missing required field 'objects'"),
    ("insert_films(objects: 1) { affected_rows }", "insert_films.args.objects[0]", "expected an object"),
    ('insert_films(objects: {nope: 1}) { affected_rows }', "insert_films.args.objects[0].nope", "field 'nope' not"),
    ('insert_films(objects: {year: true}) { affected_rows }', "insert_films.args.objects[0].year", "expected a 32-bit"),
    ("update_films(where: {}) { affected_rows }", "update_films.args", "at least any one of '_set'"),
    ("update_films(where: {}, _set: {year: 1}, _inc: {year: 1}) { affected_rows }", "update_films.args", "multiple"),
    ("update_films(where: {}, _inc: {title: 1}) { affected_rows }", "update_films.args._inc.title", "not found"),
    ("update_films_by_pk(pk_columns: {}, _set: {year: 1}) { id }", "update_films_by_pk.args.pk_columns", "'id'"),
    ("insert_films(objects: {reviews: {}}) { affected_rows }", "insert_films.args.objects[0].reviews", "'data'"),
    ("insert_films(objects: []) { nope }", "insert_films.selectionSet.nope", "'films_mutation_response'"),
    ("insert_films(objects: [], on_conflict: {}) { affected_rows }", "insert_films.args.on_conflict", "'constraint'"),
    (
        "insert_films(objects: [], on_conflict: {constraint: x}) { affected_rows }",
        "insert_films.args.on_conflict.constraint",
        "expected one of the values ['films_pkey'] for type 'films_constraint', but found 'x'",
    ),
    ("insert_films(objects: [], nope: 1) { affected_rows }", "insert_films", "no argument named 'nope'"),
    ("films { id }", "films", "field 'films' not found in type: 'mutation_root'"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "path", "message"), BAD)
def test_what_is_wrong_is_said_with_its_place(field: str, path: str, message: str, module_stage: Stage) -> None:
    found = error(module_stage, f"mutation {{ {field} }}")
    assert found[:2] == ("validation-failed", f"$.selectionSet.{path}")
    assert message in found[2]


UPDATE_WITH_REVIEWS = """
mutation ($rows: [reviews_set_input!], $gone: reviews_bool_exp) {
  update_films_by_pk(pk_columns: {id: 2}, _set: {title: "T", reviews: {data: $rows, delete: $gone}}) {
    title reviews(order_by: {id: asc}) { id stars }
  }
}
"""


def test_one_update_changes_inserts_and_deletes_related_rows(stage: Stage) -> None:
    [other] = data(stage, "{ reviews(where: {film_id: {_eq: 1}}, limit: 1) { id stars } }")["reviews"]
    [old] = data(stage, "{ reviews(where: {film_id: {_eq: 2}}) { id author_id } }")["reviews"]
    member = "00000000-0000-4000-8000-00000000000c"
    new = {"stars": 4, "author": {"data": {"id": member, "name": "C", "email": "c@example.org"}}}
    variables = {"rows": [new], "gone": {"id": {"_in": [old["id"], other["id"]]}}}
    changed = data(stage, UPDATE_WITH_REVIEWS, variables)["update_films_by_pk"]
    assert (changed["title"], [row["stars"] for row in changed["reviews"]]) == ("T", [4])
    kept = data(stage, f"{{ reviews_by_pk(id: {other['id']}) {{ id stars }} }}")
    assert kept["reviews_by_pk"] == other, "another film's stays"
    emptied = data(stage, UPDATE_WITH_REVIEWS, {"rows": [], "gone": {}})["update_films_by_pk"]
    assert emptied["reviews"] == []


def test_related_rows_stay_where_the_row_is_not_there(stage: Stage) -> None:
    counted = "{ reviews_aggregate { aggregate { count } } }"
    before = data(stage, counted)
    code, _, message = error(stage, UPDATE_WITH_REVIEWS.replace("id: 2", "id: 999"), {"rows": [], "gone": {}})
    assert (code, message) == ("validation-failed", "A change with nested rows is of one row")
    assert data(stage, counted) == before


def test_related_rows_go_with_one_row_by_its_key_alone(stage: Stage) -> None:
    nested = "_set: {reviews: {delete: {}}}"
    text = "mutation { update_films(where: {id: {_eq: 2}}, " + nested + ") { affected_rows } }"
    assert error(stage, text)[0] == "not-supported"
    null = "mutation { update_films_by_pk(pk_columns: {id: 2}, _set: {reviews: {delete: null}}) { id } }"
    assert "unexpected null value for type 'reviews_bool_exp'" in error(stage, null)[2]


def test_who_may_not_delete_has_no_way_to_say_so(stage: Stage) -> None:
    text = "mutation { update_films_by_pk(pk_columns: {id: 2}, _set: {reviews: {data: [], delete: {}}}) { id } }"
    assert "'delete' not found in type: 'reviews_arr_rel_set_input'" in error(stage, text, who="editor")[2]
