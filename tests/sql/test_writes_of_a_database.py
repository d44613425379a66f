"""Writes to what a database has: tables without keys or defaults, views that take some writes, keys that are preset."""

from collections.abc import Mapping

import pytest

from mainstay import Mainstay, claim
from mainstay.auth.issue import issue_token
from mainstay.core.exchange import Request
from services.postgres import Postgres
from sql.reflected import answers, rows, send

LEDGER = """
CREATE ROLE bookkeeper;
CREATE SCHEMA api;
CREATE TABLE api.entries (id integer PRIMARY KEY, amount numeric);
CREATE TABLE api.notes (word text NOT NULL UNIQUE, line integer);
CREATE TABLE api.drafts (note text, line integer);
CREATE TABLE api.shelves (owner text, name text, books integer, PRIMARY KEY (owner, name));
CREATE VIEW api.totals AS SELECT DISTINCT amount FROM api.entries;
CREATE VIEW api.copies AS SELECT line FROM api.drafts;
CREATE VIEW api.inbox AS SELECT DISTINCT note FROM api.drafts;
CREATE FUNCTION api.take() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER taken INSTEAD OF INSERT ON api.inbox FOR EACH ROW EXECUTE FUNCTION api.take();
CREATE MATERIALIZED VIEW api.summary AS SELECT count(*) FROM api.entries;
INSERT INTO api.notes VALUES ('due', 1);
GRANT USAGE ON SCHEMA api TO bookkeeper;
GRANT ALL ON ALL TABLES IN SCHEMA api TO bookkeeper
"""
SECRET = "a-secret-of-thirty-two-bytes-or-so"
REPRESENTED = "return=representation"


@pytest.fixture(scope="module")
def ledger(postgres: Postgres) -> str:
    return postgres.create_database(LEDGER)


def ask(url: str, *requests: Request) -> tuple[int, object]:
    response = answers(url, *requests, anonymous_role="bookkeeper", transaction_end="rollback")[-1]
    return response.status, rows(response)


@pytest.mark.parametrize(
    ("path", "body", "status", "answered"),
    [
        ("/entries", [], 201, []),
        ("/drafts", [], 201, []),
        ("/drafts", {}, 201, [{"note": None, "line": None}]),
        ("/drafts", [{}, {}], 201, [{"note": None, "line": None}] * 2),
    ],
)
def test_rows_of_nothing_but_defaults_can_be_inserted(
    ledger: str, path: str, body: object, *, status: int, answered: object
) -> None:
    assert ask(ledger, send("POST", path, body, prefer=REPRESENTED)) == (status, answered)


def test_a_row_of_defaults_meets_its_constraints(ledger: str) -> None:
    status, problem = ask(ledger, send("POST", "/entries", {}))
    assert isinstance(problem, Mapping)
    assert (status, problem["code"]) == (400, "23502")


def test_a_merge_without_a_key_to_merge_by_inserts(ledger: str) -> None:
    merged = f"{REPRESENTED}, resolution=merge-duplicates"
    draft = {"note": "x", "line": 1}
    assert ask(ledger, send("POST", "/drafts", draft, prefer=merged)) == (201, [draft])
    status, problem = ask(ledger, send("POST", "/notes", {"word": "due", "line": 2}, prefer=merged))
    assert isinstance(problem, Mapping)
    assert (status, problem["code"]) == (409, "23505")
    told = send("POST", "/notes", {"word": "due", "line": 2}, "on_conflict=word", prefer=merged)
    assert ask(ledger, told) == (200, [{"word": "due", "line": 2}])


@pytest.mark.parametrize(
    ("path", "query", "prefer", "applied"),
    [
        ("/drafts", "", "resolution=merge-duplicates", None),
        ("/drafts", "", "resolution=merge-duplicates, return=minimal", "return=minimal"),
        ("/entries", "", "resolution=merge-duplicates", "resolution=merge-duplicates"),
        ("/notes", "on_conflict=word", "resolution=merge-duplicates", "resolution=merge-duplicates"),
    ],
)
def test_a_merge_is_said_to_be_applied_where_it_was(
    ledger: str, path: str, query: str, prefer: str, applied: str | None
) -> None:
    body = {"/drafts": {"line": 1}, "/entries": {"id": 1}, "/notes": {"word": "due"}}[path]
    request = send("POST", path, body, query, prefer=prefer)
    (response,) = answers(ledger, request, anonymous_role="bookkeeper", transaction_end="rollback")
    assert response.status in (200, 201)
    assert dict(response.headers).get("preference-applied") == applied


@pytest.mark.parametrize("body", [{}, [], {"amount": 1}, {"id": 2}, {"id": None, "amount": 1}])
def test_a_put_without_its_key_in_the_body_is_refused(ledger: str, body: object) -> None:
    status, problem = ask(ledger, send("PUT", "/entries", body, "id=eq.1"))
    assert isinstance(problem, Mapping)
    assert (status, problem["code"]) == (400, "PGRST115")


@pytest.mark.parametrize(("owner", "status"), [("ann", 201), ("bob", 400)])
def test_a_put_may_name_a_key_that_the_policy_presets(ledger: str, owner: str, status: int) -> None:
    def declare(app: Mainstay) -> None:
        role = app.role("keeper")
        role.may("read", "api.shelves", columns="*")
        for action in ("create", "update"):
            role.may(action, "api.shelves", columns=["name", "books"], presets={"owner": claim.sub})

    token = issue_token(SECRET, {"role": "keeper", "sub": "ann"})
    put = send(
        "PUT",
        "/shelves",
        {"name": "top", "books": 3},
        f"owner=eq.{owner}&name=eq.top",
        prefer=REPRESENTED,
        authorization=f"Bearer {token}",
    )
    (response,) = answers(
        ledger, put, declare=declare, security="policy", jwt_secret=SECRET, transaction_end="rollback"
    )
    assert response.status == status
    if status == 201:
        assert rows(response) == [{"owner": "ann", "name": "top", "books": 3}]
    else:
        assert rows(response)["code"] == "PGRST115"


@pytest.mark.parametrize(
    ("path", "allow"),
    [
        ("/entries", "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE"),
        ("/drafts", "OPTIONS,GET,HEAD,POST,PATCH,DELETE"),
        ("/copies", "OPTIONS,GET,HEAD,POST,PATCH,DELETE"),
        ("/inbox", "OPTIONS,GET,HEAD,POST"),
        ("/totals", "OPTIONS,GET,HEAD"),
        ("/summary", "OPTIONS,GET,HEAD"),
    ],
)
def test_options_says_what_can_be_done_with_a_table_or_view(ledger: str, path: str, allow: str) -> None:
    (response,) = answers(ledger, Request("OPTIONS", path, "", {}), anonymous_role="bookkeeper")
    assert (response.status, dict(response.headers)["allow"]) == (200, allow)


def test_options_of_what_is_not_there_is_not_found(ledger: str) -> None:
    assert ask(ledger, Request("OPTIONS", "/entree", "", {}))[0] == 404


def test_options_names_what_the_policy_grants(ledger: str) -> None:
    def declare(app: Mainstay) -> None:
        app.role("reader").may("read", "api.entries", columns=["id"])

    asked = [Request("OPTIONS", path, "", {}) for path in ("/entries", "/notes")]
    seen, unseen = answers(ledger, *asked, declare=declare, security="policy", anonymous_role="reader")
    assert (dict(seen.headers)["allow"], unseen.status) == ("OPTIONS,GET,HEAD", 404)
