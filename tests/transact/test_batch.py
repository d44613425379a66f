"""Batches: several operations in one transaction, which refer to each other's answers by values alone."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Identity
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from cinema.app import ANNA
from mainstay import Mainstay
from services.postgres import Postgres
from transact.cinema_stage import Answer, Stage, stage_of

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
WHOLE = "return=representation"
OBJECT = "application/vnd.pgrst.object+json"
TAG = {"method": "POST", "path": "tags", "prefer": WHOLE, "body": {"label": "new"}}


@pytest.fixture(scope="module")
def shared(postgres: Postgres) -> Iterator[Stage]:
    with stage_of(postgres.create_database(), limits={"batch_operations_max": 5}) as stage:
        yield stage


@pytest.fixture
def stage(shared: Stage) -> Stage:
    shared.reset()
    return shared


def batch(stage: Stage, *operations: Any, who: str | None = "owner", **headers: str) -> Answer:
    return stage.ask("POST", "/batch", list(operations), who=who, **headers)


def labels(stage: Stage) -> list[str]:
    return [tag["label"] for tag in stage.ask("GET", "/tags?order=id").json]


def test_operations_see_what_those_before_them_did_and_answer_in_order(stage: Stage) -> None:
    answer = batch(
        stage,
        {"method": "PATCH", "path": "/tags?id=eq.3", "body": {"label": "used"}},
        {"method": "GET", "path": "tags?id=eq.3&select=label"},
        {"method": "GET", "path": "/rest/v1/tags?select=label&id=eq.3", "headers": {"Accept": "text/csv"}},
        {"method": "HEAD", "path": "tags"},
    )
    assert answer.status == 200
    assert [(step["status"], step["body"]) for step in answer.json] == [
        (204, None),
        (200, [{"label": "used"}]),
        (200, "label\nused"),
        (200, None),
    ]
    assert answer.json[0]["headers"]["content-range"] == "0-0/*"
    assert labels(stage) == ["sea", "weather", "used"]


def test_a_body_refers_to_what_was_returned_before(stage: Stage) -> None:
    film = {"title": "New", "year": 2024, "gross": 9007199254740993, "rating": 8.10}
    answer = batch(
        stage,
        {"method": "POST", "path": "films?select=id,gross,rating", "prefer": WHOLE, "body": film},
        TAG,
        {
            "method": "POST",
            "path": "film_tags",
            "body": {"film_id": {"$ref": "/0/body/0/id"}, "tag_id": {"$ref": "/1/body/0/id"}},
        },
        {
            "method": "POST",
            "path": "films?select=title,gross,rating,details",
            "prefer": WHOLE,
            "body": [
                {
                    "title": {"$ref": "/1/body/0/label"},
                    "year": 2000,
                    "gross": {"$ref": "/0/body/0/gross"},
                    "rating": {"$ref": "/0/body/0/rating"},
                    "details": {
                        "of": [{"$ref": "/0/body/0/id"}, {"$ref": "#/definitions/film"}, {"$ref": "/0/status"}],
                        "n": 1e3,
                    },
                }
            ],
        },
    )
    assert answer.status == 200, answer
    new = answer.json[0]["body"][0]["id"]
    assert stage.ask("GET", f"/films?id=eq.{new}&select=tags(label)").json == [{"tags": [{"label": "new"}]}]
    made = answer.json[3]["body"][0]
    assert (made["title"], made["gross"], made["rating"]) == ("new", 9007199254740993, 8.1)
    assert made["details"] == {"of": [new, {"$ref": "#/definitions/film"}, 201], "n": 1000}


@pytest.mark.parametrize(
    "filter_",
    [
        "id=eq.${/0/body/0/id}",
        "label=eq.${/0/body/0/label}",
        "id=in.(${/0/body/0/id},77)",
        "or=(id.eq.${/0/body/0/id},id.eq.77)",
        "label=like.${/0/body/0/label}",
        "id=eq.%24%7B%2F0%2Fbody%2F0%2Fid%7D",
    ],
)
def test_a_filter_refers_to_what_was_returned_before(stage: Stage, filter_: str) -> None:
    answer = batch(stage, TAG, {"method": "DELETE", "path": f"tags?{filter_}&select=label", "prefer": WHOLE})
    assert answer.status == 200, answer
    assert answer.json[1]["body"] == [{"label": "new"}]
    assert labels(stage) == ["sea", "weather", "unused"]


def test_an_answer_names_no_url_that_holds_a_reference(stage: Stage) -> None:
    read = {"method": "GET", "path": "tags?id=eq.${/0/body/0/id}"}
    answer = batch(stage, TAG, read, read | {"path": "tags?id=eq.1"})
    assert ["content-location" in step["headers"] for step in answer.json[1:]] == [False, True]


def test_what_comes_out_of_a_reference_is_a_value_and_nothing_else(stage: Stage) -> None:
    evil = "x),id=gt.0&select=*&or=(id.gt.0"
    made = {"method": "POST", "path": "tags", "prefer": WHOLE, "body": {"label": evil}}
    for path in ("tags?label=eq.${/0/body/0/label}", "tags?label=in.(${/0/body/0/label})"):
        answer = batch(stage, made, {"method": "DELETE", "path": path, "prefer": WHOLE})
        assert [tag["label"] for tag in answer.json[1]["body"]] == [evil]
    copied = {"label": {"$ref": "/0/body/0/text"}}
    review = {"method": "PATCH", "path": "reviews?id=eq.1", "prefer": WHOLE, "body": {"text": '"}, {"id": 5, "x": "'}}
    answer = batch(stage, review, {"method": "POST", "path": "tags", "prefer": WHOLE, "body": copied})
    assert answer.json[1]["body"][0]["label"] == '"}, {"id": 5, "x": "'


@pytest.mark.parametrize(
    "path",
    ["${/0/body/0/label}", "tags?${/0/body/0/label}=eq.1", "tags?select=${/0/body/0/label}", "tags?limit=${/0/status}"],
)
def test_a_reference_is_never_a_name(stage: Stage, path: str) -> None:
    answer = batch(stage, TAG, {"method": "GET", "path": path})
    assert answer.status in (400, 404)
    assert answer.json["operation"] == 1
    assert "new" not in labels(stage)


@pytest.mark.parametrize(
    "operation",
    [
        {"method": "GET", "path": "tags?id=eq.${/1/body/0/id}"},
        {"method": "GET", "path": "tags?id=eq.${/9/body/0/id}"},
        {"method": "GET", "path": "tags?id=eq.${/0/body/1/id}"},
        {"method": "GET", "path": "tags?id=eq.${/0/body/0/nothing}"},
        {"method": "GET", "path": "tags?id=eq.${/0/body}"},
        {"method": "GET", "path": "tags?id=eq.${/0}"},
        {"method": "GET", "path": "tags?id=eq.${/0/nothing}"},
        {"method": "POST", "path": "tags", "body": {"label": {"$ref": "/1/body"}}},
        {"method": "POST", "path": "tags", "body": {"label": {"$ref": "/0/body/x/label"}}},
    ],
)
def test_a_reference_to_nothing_is_refused_and_nothing_is_done(stage: Stage, operation: Any) -> None:
    refused = batch(stage, TAG, operation)
    assert (refused.status, refused.code, refused.json["operation"]) == (400, "MS485", 1)
    assert "new" not in labels(stage)


@pytest.mark.parametrize(
    ("operation", "status", "code"),
    [
        ({"method": "POST", "path": "tags", "body": {"label": "sea"}}, 409, "23505"),
        ({"method": "POST", "path": "nothing", "body": {}}, 404, "PGRST205"),
        ({"method": "GET", "path": "tags?nothing=eq.1"}, 400, "42703"),
        ({"method": "GET", "path": "tags?id=eq.x"}, 400, "22P02"),
        ({"method": "DELETE", "path": "films"}, 400, "21000"),
        (
            {"method": "GET", "path": "tags", "headers": {"accept": "application/vnd.pgrst.object+json"}},
            406,
            "PGRST116",
        ),
        ({"method": "GET", "path": "tags?offset=9", "prefer": "count=exact"}, 416, "PGRST103"),
        ({"method": "DELETE", "path": "tags?id=eq.1", "headers": {"if-match": '"x"'}}, 412, "MS475"),
        ({"method": "GET", "path": ""}, 400, "MS483"),
        ({"method": "GET", "path": "tags", "headers": {"accept": "application/vnd.pgrst.plan"}}, 400, "MS483"),
        ({"method": "POST", "path": "tags", "prefer": "tx=rollback", "body": {"label": "x"}}, 400, "MS483"),
        ({"method": "POST", "path": "batch", "body": [TAG]}, 404, "PGRST205"),
    ],
)
def test_where_one_fails_nothing_is_done_and_its_number_is_told(
    stage: Stage, operation: Any, status: int, code: str
) -> None:
    refused = batch(stage, TAG, operation, {"method": "GET", "path": "tags"})
    assert (refused.status, refused.code, refused.json["operation"]) == (status, code, 1)
    assert set(refused.json) == {"code", "message", "details", "hint", "operation"}
    assert "new" not in labels(stage)


def test_each_operation_is_held_to_the_policy(stage: Stage) -> None:
    review = {"method": "POST", "path": "reviews", "prefer": WHOLE, "body": {"film_id": 5, "stars": 4}}
    fine = batch(stage, review, who="anna")
    assert fine.json[0]["body"][0]["author_id"] == ANNA
    for operation, status in [
        ({"method": "GET", "path": "vault"}, 404),
        ({"method": "POST", "path": "reviews", "body": {"film_id": 4, "stars": 4}}, 403),  # is not published
        ({"method": "GET", "path": "films?select=budget"}, 400),
        ({"method": "DELETE", "path": "tags?id=eq.1"}, 403),
    ]:
        refused = batch(stage, review | {"body": {"film_id": 3, "stars": 1}}, operation, who="anna")
        assert (refused.status, refused.json["operation"]) == (status, 1)
    hidden = batch(stage, {"method": "DELETE", "path": "reviews?id=eq.4", "prefer": "count=exact"}, who="anna")
    assert hidden.json[0]["headers"]["content-range"] == "*/0"  # is Bert's
    assert batch(stage, {"method": "DELETE", "path": "tags?id=eq.1"}, who=None).status == 401
    assert len(stage.ask("GET", "/reviews").json) == 5


def test_a_batch_may_be_rolled_back(stage: Stage) -> None:
    answer = batch(stage, TAG, prefer="tx=rollback")
    assert (answer.status, answer.json[0]["status"]) == (200, 201)
    assert answer.headers["preference-applied"] == "tx=rollback"
    assert "new" not in labels(stage)


def test_a_batch_with_a_key_is_done_once(stage: Stage) -> None:
    first, again = (batch(stage, TAG, idempotency_key=KEY) for _ in range(2))
    assert again.headers["idempotency-replayed"] == "true"
    assert (first.status, first.body) == (again.status, again.body)
    assert labels(stage).count("new") == 1
    assert batch(stage, TAG, TAG, idempotency_key=KEY).code == "MS480"


def test_a_precondition_of_an_operation_holds_for_the_whole(stage: Stage) -> None:
    tag = stage.ask("GET", "/tags?id=eq.3").etag
    guarded = {"method": "PATCH", "path": "tags?id=eq.3", "headers": {"If-Match": tag}, "body": {"label": "x"}}
    assert batch(stage, TAG, guarded).status == 200
    assert batch(stage, TAG | {"body": {"label": "newer"}}, guarded).status == 412
    assert "newer" not in labels(stage)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "PGRST102"),
        (b"[", "PGRST102"),
        (b'{"operations": []}', "MS483"),
        (b"[1]", "MS483"),
        (b'[{"method": "GET"}]', "MS483"),
        (b'[{"method": "GET", "path": "tags", "url": "x"}]', "MS483"),
        (b'[{"method": "TRACE", "path": "tags"}]', "MS483"),
        (b'[{"method": "GET", "path": "tags", "headers": {"Authorization": "x"}}]', "MS483"),
        (b'[{"method": "GET", "path": "tags", "headers": {"Idempotency-Key": "x"}}]', "MS483"),
        (b'[{"method": "GET", "path": "tags"}' + b', {"method": "GET", "path": "tags"}' * 5 + b"]", "MS484"),
    ],
)
def test_what_is_no_batch_is_refused(shared: Stage, body: bytes, code: str) -> None:
    refused = shared.ask("POST", "/batch", body)
    assert (refused.status, refused.code) == (400, code)


def test_an_empty_batch_does_nothing(shared: Stage) -> None:
    assert shared.ask("POST", "/batch", []).json == []


def test_a_batch_has_conditions_in_its_operations_alone(shared: Stage) -> None:
    assert batch(shared, TAG, if_match="*").code == "MS476"


def test_all_of_it_has_the_time_of_one_statement(database: str) -> None:
    with stage_of(database, limits={"statement_ms_max": 300}) as stage:
        stage.sql("ALTER TABLE studios RENAME TO renamed")
        stage.sql("CREATE VIEW studios AS SELECT id, name, pg_sleep(0.1)::text AS country FROM renamed WHERE id = 1")
        read = {"method": "GET", "path": "studios?country=neq.x"}
        assert batch(stage, read).status == 200
        refused = batch(stage, TAG, *[read] * 6)
        assert (refused.status, refused.code) == (504, "57014")
        assert "new" not in labels(stage)


def test_get_of_the_path_is_no_batch(shared: Stage) -> None:
    assert shared.ask("GET", "/batch").code == "PGRST205"


class Own(DeclarativeBase):
    pass


class Batch(Own):
    __tablename__ = "batch"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)


def declare(app: Mainstay) -> None:
    app.models = [app.models, Own]
    app.policies.roles["owner"].may("all", Batch, columns="*")


def test_a_table_of_that_name_goes_before_for_those_who_have_it(database: str) -> None:
    with stage_of(database, declare) as stage:
        assert stage.ask("POST", "/batch", [{"id": 7}], prefer=WHOLE).json == [{"id": 7}]
        read = {"method": "GET", "path": "tags?id=eq.1"}
        assert batch(stage, read, who="anna").json[0]["body"] == [{"id": 1, "label": "sea"}]


def test_the_path_can_be_moved(database: str) -> None:
    with stage_of(database, declare, batch_path="$batch") as stage:
        assert stage.ask("POST", "/batch", [{"id": 7}], prefer=WHOLE).json == [{"id": 7}]
        assert stage.ask("POST", "/$batch", [{"method": "GET", "path": "batch"}]).json[0]["body"] == [{"id": 7}]
