"""Requests with an Idempotency-Key: done once, answered alike, and only ever to whom it was first answered."""

from collections.abc import Iterator

import asyncpg
import msgspec
import pytest

from cinema.app import ANNA
from cinema.setting import token
from mainstay.core.principal import Principal
from mainstay.sql.ledger import CLEARED
from mainstay.transact.once import scope_of
from services.postgres import Postgres
from transact.cinema_stage import Answer, Stage, request, stage_of

KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
WHOLE = "return=representation"


@pytest.fixture(scope="module")
def shared(postgres: Postgres) -> Iterator[Stage]:
    with stage_of(postgres.create_database()) as stage:
        yield stage


@pytest.fixture
def stage(shared: Stage) -> Stage:
    shared.reset()
    return shared


def labels(stage: Stage) -> list[str]:
    return [tag["label"] for tag in stage.ask("GET", "/tags?id=gt.3&order=id").json]


def assert_replayed(first: Answer, again: Answer) -> None:
    assert again.headers.pop("idempotency-replayed") == "true"
    assert "idempotency-replayed" not in first.headers
    first.headers.pop("server-timing", None)
    assert (again.status, again.headers, again.body) == (first.status, first.headers, first.body)


@pytest.mark.parametrize("prefer", [WHOLE, "return=minimal", "return=headers-only"])
def test_an_insert_that_comes_twice_is_done_once_and_answered_alike(stage: Stage, prefer: str) -> None:
    first, again = (
        stage.ask("POST", "/tags", {"label": "né\u0101w"}, idempotency_key=KEY, prefer=prefer) for _ in range(2)
    )
    assert first.status == 201
    assert_replayed(first, again)
    assert labels(stage) == ["né\u0101w"]


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_every_write_takes_a_key(stage: Stage, method: str) -> None:
    body = {"PATCH": {"label": "x"}, "PUT": {"id": 3, "label": "x"}}.get(method)
    first, again = (stage.ask(method, "/tags?id=eq.3", body, idempotency_key=KEY, prefer=WHOLE) for _ in range(2))
    assert first.status == 200
    assert_replayed(first, again)


def test_a_key_is_the_same_with_and_without_quotes(stage: Stage) -> None:
    first = stage.ask("POST", "/tags", {"label": "x"}, idempotency_key=KEY)
    assert_replayed(first, stage.ask("POST", "/tags", {"label": "x"}, idempotency_key=f'"{KEY}"'))


@pytest.mark.parametrize(
    ("method", "target", "body", "headers"),
    [
        ("POST", "/tags", {"label": "y"}, {}),
        ("POST", "/tags?select=id", {"label": "x"}, {}),
        ("POST", "/actors", {"label": "x"}, {}),
        ("PATCH", "/tags", {"label": "x"}, {}),
        ("POST", "/tags", {"label": "x"}, {"prefer": WHOLE}),
        ("POST", "/tags", {"label": "x"}, {"accept": "text/csv"}),
        ("POST", "/tags", {"label": "x"}, {"content-type": "application/json; charset=utf-8"}),
    ],
)
def test_a_key_is_for_one_request_alone(
    stage: Stage, method: str, target: str, body: object, headers: dict[str, str]
) -> None:
    assert stage.ask("POST", "/tags", {"label": "x"}, idempotency_key=KEY).status == 201
    refused = stage.ask(method, target, body, idempotency_key=KEY, **headers)
    assert (refused.status, refused.code) == (422, "MS480")
    assert labels(stage) == ["x"]


def test_nobody_has_another_s_answer(stage: Stage) -> None:
    review = {"film_id": 5, "stars": 3}
    for who in ("anna", "bert"):
        answer = stage.ask("POST", "/reviews", review, who=who, idempotency_key=KEY, prefer=WHOLE)
        assert answer.status == 201, answer
        assert "idempotency-replayed" not in answer.headers
    anna = stage.ask("POST", "/reviews", review, who="anna", idempotency_key=KEY, prefer=WHOLE)
    assert anna.json[0]["author_id"] == ANNA
    fresh = f"Bearer {token('member', sub=ANNA, exp=4102444800, jti='another')}"
    refreshed = stage.ask("POST", "/reviews", review, who=None, authorization=fresh, idempotency_key=KEY, prefer=WHOLE)
    assert refreshed.body == anna.body


def test_keys_are_kept_apart_by_all_that_a_token_says_of_its_bearer() -> None:
    one = Principal("member", {"sub": "a", "org": 1, "exp": 1, "iat": 2, "nbf": 3, "jti": "x"})
    assert scope_of(one) == scope_of(Principal("member", {"org": 1, "sub": "a", "exp": 9}))
    others = [
        Principal("critic", {"sub": "a", "org": 1}),
        Principal("member", {"sub": "b", "org": 1}),
        Principal("member", {"sub": "a", "org": 2}),
        Principal("member", {"sub": "a"}),
        Principal("member", {"sub": "a", "org": 1}, anonymous=True),
    ]
    assert len({scope_of(each) for each in (one, *others)}) == 6


def test_what_failed_is_tried_again(stage: Stage) -> None:
    taken = stage.ask("POST", "/tags", {"label": "sea"}, idempotency_key=KEY)
    assert taken.status == 409
    stage.ask("PATCH", "/tags?label=eq.sea", {"label": "ocean"})
    assert stage.ask("POST", "/tags", {"label": "sea"}, idempotency_key=KEY).status == 201


def test_what_broke_a_guard_is_not_recorded(stage: Stage) -> None:
    review = {"film_id": 4, "stars": 3}  # of a film that is not published
    refused = stage.ask("POST", "/reviews", review, who="anna", idempotency_key=KEY)
    assert (refused.status, refused.code) == (403, "42501")
    assert stage.sql("SELECT count(*) FROM mainstay.idempotency") == 0


def test_what_was_rolled_back_is_not_recorded(stage: Stage) -> None:
    for _ in range(2):
        answer = stage.ask("POST", "/tags", {"label": "x"}, idempotency_key=KEY, prefer="tx=rollback")
        assert answer.status == 201
        assert "idempotency-replayed" not in answer.headers
    assert labels(stage) == []


def test_while_a_request_is_being_answered_the_same_one_is_told_to_wait(stage: Stage) -> None:
    async def scenario() -> tuple[int, object]:
        connection = await asyncpg.connect(stage.url)
        transaction = connection.transaction()
        await transaction.start()
        scope = scope_of(Principal("owner", {"role": "owner"}))
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1 || ' ' || $2, 0))", scope, KEY)
        asked = request("POST", "/tags", {"label": "x"}, "owner", {"idempotency_key": KEY})
        refused = Answer(await stage.app.handle(asked))
        await transaction.rollback()
        await connection.close()
        return refused.status, (refused.code, refused.headers["retry-after"])

    assert stage.run(scenario()) == (409, ("MS481", "1"))
    assert stage.ask("POST", "/tags", {"label": "x"}, idempotency_key=KEY).status == 201


def test_a_key_works_with_a_precondition(stage: Stage) -> None:
    tag = stage.ask("GET", "/tags?id=eq.3").etag
    first, again = (
        stage.ask("PATCH", "/tags?id=eq.3", {"label": "x"}, idempotency_key=KEY, if_match=tag) for _ in range(2)
    )
    assert first.status == 204
    assert_replayed(first, again)
    assert stage.ask("PATCH", "/tags?id=eq.3", {"label": "x"}, idempotency_key="other", if_match=tag).status == 412


def test_another_origin_may_read_the_answer_that_it_asked_for_again(stage: Stage) -> None:
    answers = [
        stage.ask("POST", "/tags", {"label": "x"}, idempotency_key=KEY, **({"origin": origin} if origin else {}))
        for origin in (None, "https://a.example")
    ]
    assert "access-control-allow-origin" not in answers[0].headers
    assert answers[1].headers["access-control-allow-origin"] == "*"


def test_records_are_forgotten_when_their_time_is_over(stage: Stage) -> None:
    assert stage.ask("POST", "/tags", {"label": "x"}, idempotency_key=KEY).status == 201
    stage.sql("UPDATE mainstay.idempotency SET created_at = now() - interval '25 hours'")
    assert stage.ask("DELETE", "/tags?label=eq.x", idempotency_key=KEY).status == 204
    assert stage.sql("SELECT count(*) FROM mainstay.idempotency") == 1
    old = (
        "INSERT INTO mainstay.idempotency (scope, key, fingerprint, status, headers, created_at) "
        "SELECT 'x', n::text, '', 200, '[]', now() - interval '2 days' FROM generate_series(1, 50) AS n"
    )
    stage.sql(old)
    assert stage.ask("POST", "/tags", {"label": "x"}, idempotency_key="another").status == 201
    assert stage.sql("SELECT count(*) FROM mainstay.idempotency") == 52 - CLEARED


def test_how_long_is_a_setting(database: str) -> None:
    with stage_of(database, idempotency_hours=48) as stage:
        stage.sql("SELECT 1")
        first = stage.ask("POST", "/tags", {"label": "x"}, idempotency_key=KEY)
        stage.sql("UPDATE mainstay.idempotency SET created_at = now() - interval '25 hours'")
        assert_replayed(first, stage.ask("POST", "/tags", {"label": "x"}, idempotency_key=KEY))


@pytest.mark.parametrize("schema", [False, True])
def test_without_its_table_a_key_is_refused_and_nothing_is_done(
    postgres: Postgres, database: str, schema: bool
) -> None:
    with stage_of(database) as stage:
        if schema:
            postgres.run("CREATE SCHEMA mainstay", url=database)
        refused = stage.ask("POST", "/tags", {"label": "x"}, idempotency_key=KEY)
        assert (refused.status, refused.code) == (501, "MS482")
        assert labels(stage) == []


@pytest.mark.parametrize("key", ["", '""', "a b", "a, b", '"a', 'a"', "x" * 256, f'"{"x" * 256}"', "é", '"a";b=1'])
def test_what_is_no_key_is_refused(stage: Stage, key: str) -> None:
    refused = stage.ask("POST", "/tags", {"label": "x"}, idempotency_key=key)
    assert (refused.status, refused.code) == (400, "MS478")
    assert labels(stage) == []


def test_a_read_may_have_a_key_and_has_no_record(stage: Stage) -> None:
    for _ in range(2):
        assert stage.ask("GET", "/tags", idempotency_key=KEY).status == 200
    assert stage.sql("SELECT count(*) FROM mainstay.idempotency") == 0


def test_a_plan_is_told_and_nothing_is_done(stage: Stage) -> None:
    plan = stage.ask("POST", "/tags", {"label": "x"}, idempotency_key=KEY, accept="application/vnd.pgrst.plan+json")
    assert (plan.status, msgspec.json.decode(plan.body or b"")[0].keys() >= {"Plan"}) == (200, True)
    assert labels(stage) == []
