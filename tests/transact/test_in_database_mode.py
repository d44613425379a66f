"""Transactions where the database decides: each operation as its caller, and the records as the server itself."""

import asyncio
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from mainstay import Mainstay
from mainstay.auth.issue import issue_token
from services.postgres import Postgres
from transact.cinema_stage import Answer, Stage

SECRET = "a secret that only these tests know"
SUB = "current_setting('request.jwt.claims', true)::json ->> 'sub'"
SCHEMA = (
    "CREATE ROLE transact_member NOLOGIN",
    "CREATE SCHEMA mainstay",
    f"CREATE TABLE notes (id int PRIMARY KEY, owner text DEFAULT {SUB}, body text)",
    "ALTER TABLE notes ENABLE ROW LEVEL SECURITY",
    f"CREATE POLICY own ON notes TO transact_member USING (owner = {SUB})",
    "GRANT ALL ON notes TO transact_member",
)
WHOLE = "return=representation"


class Database(Stage):
    """An app that leaves everything to its database."""

    def __init__(self, url: str) -> None:

        self.loop = asyncio.new_event_loop()
        self.url = url
        self.app = Mainstay(
            reflect=url, database_url=url, security="database", jwt_secret=SECRET, lanes_read=1, lanes_write=1
        )
        self.sql("SELECT 1")
        self.run(self.app.start())

    def as_member(self, sub: str, method: str, target: str, body: Any = None, **headers: str) -> Answer:
        bearer = f"Bearer {issue_token(SECRET, {'role': 'transact_member', 'sub': sub})}"
        return self.ask(method, target, body, who=None, authorization=bearer, **headers)


@pytest.fixture(scope="module")
def stage(postgres: Postgres) -> Iterator[Database]:
    stage = Database(postgres.create_database(*SCHEMA))
    yield stage
    stage.close()


def test_a_record_is_kept_for_a_role_that_may_not_see_it(stage: Database) -> None:
    body = {"id": 1, "body": "a"}
    first, again = (stage.as_member("ada", "POST", "/notes", body, idempotency_key="k", prefer=WHOLE) for _ in range(2))
    assert (first.status, first.json) == (201, [{"id": 1, "owner": "ada", "body": "a"}])
    assert again.headers["idempotency-replayed"] == "true"
    assert again.body == first.body
    assert stage.as_member("bob", "POST", "/notes", body, idempotency_key="k").status == 409  # done anew, as Bob


def test_a_tag_is_of_what_row_level_security_shows(stage: Database) -> None:
    stage.as_member("ada", "PUT", "/notes?id=eq.2", {"id": 2, "body": "a"})
    tag = stage.as_member("ada", "GET", "/notes?id=eq.2").etag
    assert stage.as_member("bob", "PATCH", "/notes?id=eq.2", {"body": "b"}, if_match=tag).status == 412
    assert stage.as_member("bob", "PATCH", "/notes?id=eq.2", {"body": "b"}, if_match="*").status == 412
    assert stage.as_member("ada", "PATCH", "/notes?id=eq.2", {"body": "b"}, if_match=tag).status == 204
    assert stage.as_member("ada", "PATCH", "/notes?id=eq.2", {"body": "c"}, if_match=tag).status == 412


def test_a_batch_runs_as_its_caller(stage: Database) -> None:
    operations = [
        {"method": "POST", "path": "notes", "prefer": WHOLE, "body": {"id": 3, "body": "a"}},
        {"method": "PATCH", "path": "notes?id=gt.0", "prefer": "count=exact", "body": {"body": "all"}},
        {"method": "GET", "path": "notes?owner=neq.${/0/body/0/owner}"},
    ]
    answer = stage.as_member("cleo", "POST", "/batch", operations, idempotency_key="batch")
    assert answer.status == 200, answer
    made, changed, others = answer.json
    assert made["body"][0]["owner"] == "cleo"
    assert changed["headers"]["content-range"] == "0-0/1"
    assert others["body"] == []
    assert msgspec.json.decode(stage.as_member("cleo", "GET", "/notes").body or b"") == [
        {"id": 3, "owner": "cleo", "body": "all"}
    ]


def test_why_is_not_told_where_the_database_decides(stage: Database) -> None:
    stage.run(stage.app.stop())
    stage.app.configure(stage.app.settings.replace(dev=True))
    stage.run(stage.app.start())
    assert stage.as_member("ada", "GET", "/notes", prefer="why").code == "MS488"
