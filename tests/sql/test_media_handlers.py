"""Media types that the database writes itself: by functions, and by aggregates of rows."""

from collections.abc import Callable

import pytest

from mainstay import Mainstay
from mainstay.core.exchange import Request, Response
from services.postgres import Postgres
from sql.reflected import answers, get, rows, send

GARDEN = """
CREATE ROLE gardener;
CREATE SCHEMA api;
CREATE TABLE api.plants (id integer PRIMARY KEY, name text, secret text);
CREATE TABLE api.stones (id integer PRIMARY KEY);
INSERT INTO api.plants VALUES (1, 'rose', 'x'), (2, 'oak', 'y');
CREATE FUNCTION api.loud(api.plants) RETURNS text STABLE LANGUAGE sql AS 'SELECT upper($1.name)';
CREATE DOMAIN api."text/list" AS text;
CREATE DOMAIN api."text/tuples" AS text;
CREATE DOMAIN api."text/csv" AS text;
CREATE DOMAIN api."image/dot" AS bytea;
CREATE DOMAIN api."text/xml" AS text;
CREATE DOMAIN api."*/*" AS bytea;
CREATE DOMAIN api."application/openapi+json" AS json;
CREATE FUNCTION api.description() RETURNS api."application/openapi+json" STABLE LANGUAGE sql AS $$ SELECT '{}'::json $$;
CREATE DOMAIN api."application/vnd.pgrst.object" AS json;
CREATE FUNCTION api.add(state text, plant api.plants) RETURNS text LANGUAGE sql
  AS $$ SELECT concat(state, plant.id, ':', plant.name, ';') $$;
CREATE FUNCTION api.named(text) RETURNS api."text/list" LANGUAGE sql AS 'SELECT $1';
CREATE AGGREGATE api.list(api.plants) (sfunc = api.add, stype = text, finalfunc = api.named, initcond = '');
CREATE FUNCTION api.add_any(state text, anyelement) RETURNS text LANGUAGE sql AS $$ SELECT concat(state, $2::text) $$;
CREATE FUNCTION api.tupled(text) RETURNS api."text/tuples" LANGUAGE sql AS 'SELECT $1';
CREATE AGGREGATE api.tuples(anyelement) (sfunc = api.add_any, stype = text, finalfunc = api.tupled, initcond = '');
CREATE FUNCTION api.own_csv(text) RETURNS api."text/csv" LANGUAGE sql AS $$
  SELECT set_config('response.headers', '[{"X-Own": "csv"}]', true);
  SELECT 'own ' || $1
$$;
CREATE AGGREGATE api.csv(api.plants) (sfunc = api.add, stype = text, finalfunc = api.own_csv, initcond = '');
CREATE FUNCTION api.dot() RETURNS api."image/dot" STABLE LANGUAGE sql AS $$ SELECT '\\x00ff'::bytea $$;
CREATE FUNCTION api.page() RETURNS api."text/xml" STABLE LANGUAGE sql AS $$ SELECT '<a/>' $$;
CREATE FUNCTION api.anything() RETURNS api."*/*" STABLE LANGUAGE sql AS $$ SELECT 'bytes'::bytea $$;
CREATE FUNCTION api.some_plants() RETURNS SETOF api.plants STABLE LANGUAGE sql
  AS 'SELECT * FROM api.plants WHERE id = 1';
GRANT USAGE ON SCHEMA api TO gardener;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA api TO gardener
"""

JSON = "application/json; charset=utf-8"
OPENAPI = "application/openapi+json"


@pytest.fixture(scope="module")
def garden(postgres: Postgres) -> str:
    return postgres.create_database(GARDEN)


def ask(url: str, path: str, query: str = "", accept: str = "*/*") -> Response:
    return answers(url, get(path, query, accept=accept), anonymous_role="gardener")[0]


@pytest.mark.parametrize(
    ("path", "query", "accept", "media", "body"),
    [
        ("/plants", "order=id", "text/list", "text/list", b"1:rose;2:oak;"),
        ("/plants", "select=*&id=eq.2", "image/png, text/list;q=0.5", "text/list", b"2:oak;"),
        ("/plants", "select=id,name&order=id", "text/tuples", "text/tuples", b"(1,rose)(2,oak)"),
        ("/plants", "select=name,loud&id=eq.1", "text/tuples", "text/tuples", b"(rose,ROSE)"),
        ("/stones", "", "text/tuples", "text/tuples", b""),
        ("/plants", "id=eq.1", "text/csv", "text/csv; charset=utf-8", b"own 1:rose;"),
        ("/plants", "select=id&id=eq.1", "text/csv", "text/csv; charset=utf-8", b"id\n1"),
        ("/plants", "select=id&id=eq.1", "application/json, text/list", JSON, b'[{"id":1}]'),
        ("/plants", "select=id&id=eq.1", "*/*", JSON, b'[{"id":1}]'),
        ("/rpc/some_plants", "", "text/list", "text/list", b"1:rose;"),
        ("/rpc/dot", "", "image/dot", "image/dot", b"\x00\xff"),
        ("/rpc/page", "", "text/xml", "text/xml; charset=utf-8", b"<a/>"),
        ("/rpc/description", "", OPENAPI, f"{OPENAPI}; charset=utf-8", b"{}"),
        ("/rpc/anything", "", "*/*", "application/octet-stream", b"bytes"),
        ("/rpc/anything", "", "text/csv", "application/octet-stream", b"bytes"),
        ("/rpc/dot", "", "application/json", JSON, b'"\\\\x00ff"'),
    ],
)  # fmt: skip
def test_what_is_accepted_is_written_by_the_database(
    garden: str, path: str, query: str, accept: str, *, media: str, body: bytes
) -> None:
    response = ask(garden, path, query, accept)
    assert (response.status, dict(response.headers)["content-type"], response.body) == (200, media, body)


def test_columns_of_one_name_are_written_side_by_side(garden: str) -> None:
    response = ask(garden, "/plants", "select=id,name,id,id:name&order=id&limit=1", "text/csv")
    assert (response.status, response.body) == (200, b"id,name,id,id\n1,rose,1,rose")
    call = ask(garden, "/rpc/some_plants", "select=id,id", "text/csv")
    assert (call.status, call.body) == (200, b"id,id\n1,1")


def test_code_that_writes_can_name_headers(garden: str) -> None:
    assert dict(ask(garden, "/plants", "", "text/csv").headers)["x-own"] == "csv"


@pytest.mark.parametrize(
    ("path", "query", "accept"),
    [
        ("/stones", "", "text/list"),
        ("/plants", "select=id,name,secret", "text/list"),
        ("/plants", "", "image/dot"),
        ("/rpc/dot", "", "text/list"),
        ("/rpc/page", "", "text/html"),
    ],
)
def test_what_nothing_writes_is_not_acceptable(garden: str, path: str, query: str, accept: str) -> None:
    response = ask(garden, path, query, accept)
    assert (response.status, rows(response)["code"]) == (406, "PGRST107")
    assert rows(response)["message"] == f"None of these media types are available: {accept}"


@pytest.mark.parametrize(
    ("method", "query", "body", "written"),
    [
        ("POST", "", [{"id": 8, "name": "elm"}, {"id": 9, "name": None}], b"8:elm;9:;"),
        ("PATCH", "id=eq.2", {"name": "fir"}, b"2:fir;"),
        ("DELETE", "id=eq.2", None, b"2:oak;"),
    ],
)
def test_rows_that_are_written_are_answered_as_the_database_writes_them(
    garden: str, method: str, query: str, body: object, written: bytes
) -> None:
    request = send(method, "/plants", body, query, accept="text/list", prefer="return=representation")
    (response,) = answers(garden, request, anonymous_role="gardener", transaction_end="rollback")
    assert (dict(response.headers)["content-type"], response.body) == ("text/list", written)


@pytest.mark.parametrize("prefer", ["return=minimal", "return=headers-only", "return=representation"])
@pytest.mark.parametrize("accept", ["image/dot", "text/unheard-of"])
def test_a_write_whose_answer_would_not_be_acceptable_is_not_done(garden: str, accept: str, prefer: str) -> None:
    request = send("POST", "/stones", {"id": 1}, accept=accept, prefer=prefer)
    refused, stones = answers(garden, request, get("/stones"), anonymous_role="gardener")
    assert (refused.status, rows(refused)["code"], rows(stones)) == (406, "PGRST107", [])


def test_a_write_that_answers_with_nothing_can_be_of_any_media_type_that_the_rows_have(garden: str) -> None:
    request = send("POST", "/plants", {"id": 9}, accept="text/list")
    (response,) = answers(garden, request, anonymous_role="gardener", transaction_end="rollback")
    assert (response.status, response.body) == (201, None)


@pytest.mark.parametrize(
    ("method", "path", "accept", "status", "body"),
    [
        ("GET", "/", "text/xml", 200, b"<a/>"),
        ("HEAD", "/", "*/*", 200, None),
        ("POST", "/", "application/json", 200, b'"<a/>"'),
        ("PUT", "/", "*/*", 405, None),
        ("GET", "/stones", "*/*", 200, b"[]"),
    ],
)
def test_a_function_may_answer_at_the_root(
    garden: str, method: str, path: str, accept: str, *, status: int, body: bytes | None
) -> None:
    request = Request(method, path, "", {"accept": accept})
    (response,) = answers(garden, request, anonymous_role="gardener", root_function="page")
    assert response.status == status
    assert status == 405 or response.body == body


PLAN = "application/vnd.pgrst.plan+json"


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/plants", "text/list"),
        ("/plants", "text/csv"),
        ("/rpc/some_plants", "text/list"),
        ("/rpc/dot", "image/dot"),
        ("/plants", "application/vnd.pgrst.object+json;nulls=stripped"),
        ("/plants", "application/vnd.pgrst.array+json;nulls=stripped"),
    ],
)
def test_the_plan_of_what_the_database_writes_can_be_had(garden: str, path: str, target: str) -> None:
    request = get(path, accept=f'{PLAN}; for="{target}"; options=verbose')
    (response,) = answers(garden, request, anonymous_role="gardener", plan_enabled=True)
    media = dict(response.headers)["content-type"]
    assert (response.status, media) == (200, f'{PLAN}; for="{target}"; options=verbose; charset=utf-8')
    assert ("list(" in str(rows(response))) == (target == "text/list")


@pytest.mark.parametrize("path", ["/stones", "/rpc/page"])
def test_there_is_no_plan_of_what_nothing_writes(garden: str, path: str) -> None:
    request = get(path, accept=f'{PLAN}; for="text/list"')
    (response,) = answers(garden, request, anonymous_role="gardener", plan_enabled=True)
    assert (response.status, rows(response)["code"]) == (406, "PGRST107")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("query", "status"), [("id=eq.1", 200), ("", 406), ("id=eq.9", 406)])
def test_one_object_is_one_for_head_too(garden: str, method: str, query: str, status: int) -> None:
    asked = get("/plants", query, accept="application/vnd.pgrst.object+json")
    request = Request(method, asked.path, asked.query, asked.headers)
    (response,) = answers(garden, request, anonymous_role="gardener")
    assert (response.status, bool(response.body)) == (status, method == "GET")


def test_one_object_is_never_written_by_the_database(garden: str) -> None:
    response = ask(garden, "/plants", "select=id&id=eq.1", "application/vnd.pgrst.object")
    assert rows(response) == {"id": 1}


def partial(app: Mainstay) -> None:
    role = app.role("visitor")
    role.may("read", "api.plants", columns=["id", "name"])
    role.may_call("api.list", "api.tuples")


def whole(app: Mainstay) -> None:
    role = app.role("visitor")
    role.may("read", "api.plants", columns="*")
    role.may_call("api.list")


@pytest.mark.parametrize(
    ("declare", "accept", "status", "body"),
    [
        (partial, "text/list", 406, None),  # it takes whole rows, of which the role sees a part
        (partial, "text/tuples", 200, b"(1,rose)(2,oak)"),
        (whole, "text/list", 200, b"1:rose;2:oak;"),
        (whole, "text/tuples", 406, None),  # the role may not call it
    ],
)
def test_a_policy_holds_for_what_the_database_writes(
    garden: str, declare: Callable[[Mainstay], object], accept: str, status: int, body: bytes | None
) -> None:
    request = get("/plants", "order=id", accept=accept)
    (response,) = answers(garden, request, declare=declare, security="policy", anonymous_role="visitor")
    assert response.status == status
    assert body is None or response.body == body
