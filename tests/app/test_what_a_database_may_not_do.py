"""Where the database decides: what it may say of an answer, as whom it is asked, and who is told of it."""

import pytest

from mainstay.auth.issue import issue_token
from mainstay.core.exchange import Request, Response
from mainstay.core.limits import Limits
from mainstay.stores.postgres.lane import within
from services.postgres import Postgres
from sql.reflected import answers, get, rows, send

SECRET = "a-secret-of-thirty-two-bytes-or-so"
LONG = "may_" + "x" * 59
SCHEMA = """
CREATE SCHEMA api;
CREATE TABLE api.notes (id int PRIMARY KEY, data jsonb, hush text);
INSERT INTO api.notes VALUES (1, '{"k": 1}', 'hush');
GRANT USAGE ON SCHEMA api TO may_anon, may_bend;
GRANT SELECT (id, data) ON api.notes TO may_bend;
CREATE FUNCTION api.who() RETURNS text LANGUAGE sql STABLE AS 'SELECT current_user::text';
CREATE FUNCTION api.heads(lines text) RETURNS text LANGUAGE sql AS
    $$ SELECT set_config('response.headers', lines, true) $$;
CREATE FUNCTION api.says(status text) RETURNS text LANGUAGE sql AS
    $$ SELECT set_config('response.status', status, true) $$;
CREATE FUNCTION api.dirty() RETURNS int LANGUAGE sql SET default_transaction_isolation = 'read uncommitted'
    AS 'SELECT 1';
CREATE FUNCTION api.sleeps(s float) RETURNS int LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(s); RETURN 1; END';
CREATE FUNCTION api.long(s float) RETURNS int LANGUAGE sql SET statement_timeout = '1h' AS 'SELECT api.sleeps(s)';
CREATE FUNCTION api.gate() RETURNS void LANGUAGE plpgsql AS $$ BEGIN
    IF current_setting('request.headers')::json->>'x-key' IS NULL THEN
        RAISE insufficient_privilege USING message = 'no key';
    END IF;
END $$
"""
# Here no code asks about a request or answers one, so that requests share what they run under.
TURNING = """
CREATE SCHEMA api;
GRANT USAGE ON SCHEMA api TO may_anon, may_bend;
CREATE FUNCTION api.who() RETURNS text LANGUAGE sql STABLE AS 'SELECT current_user::text';
CREATE FUNCTION api.turns() RETURNS text LANGUAGE plpgsql STABLE AS
    $$ BEGIN RETURN set_config('role', 'may_bend', false); END $$;
CREATE FUNCTION api.bends() RETURNS text LANGUAGE plpgsql AS
    $$ BEGIN RETURN set_config('role', 'may_bend', false); END $$
"""


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    for role in ("may_anon", "may_bend", LONG):
        postgres.run(f"CREATE ROLE {role}")
    postgres.run(
        "ALTER ROLE may_bend SET statement_timeout = 0",
        "ALTER ROLE may_bend SET standard_conforming_strings = off",
        "ALTER ROLE may_bend SET client_encoding = 'SJIS'",
    )
    return postgres.create_database(SCHEMA)


def asked(url: str, *requests: Request, **settings: object) -> list[Response]:
    return list(answers(url, *requests, jwt_secret=SECRET, anonymous_role="may_anon", **settings))


def token(role: str) -> str:
    return "Bearer " + issue_token(SECRET, {"role": role})


@pytest.mark.parametrize("role", ["none", f"{LONG}y", "nobody", 'may"anon'])
@pytest.mark.parametrize("path", ["/rpc/who", "/"])
def test_a_token_of_no_role_of_the_database_is_refused(url: str, role: str, path: str) -> None:
    (refused,) = asked(url, get(path, authorization=token(role)))
    assert (refused.status, rows(refused)["code"]) == (401, "22023")


@pytest.mark.parametrize(
    "line",
    ["content-length: 5", "transfer-encoding: chunked", "connection: close", "keep-alive: x", "Upgrade: h2c", "te: x"],
)
def test_the_database_says_nothing_of_the_connection(url: str, line: str) -> None:
    name, value = line.split(": ")
    (answer,) = asked(url, send("POST", "/rpc/heads", {"lines": f'[{{"{name}": "{value}"}}, {{"x-other": "y"}}]'}))
    assert answer.status == 200
    assert name.lower() not in dict(answer.headers)
    assert dict(answer.headers)["x-other"] == "y"


@pytest.mark.parametrize("value", [r"a\r\nset-cookie: b", r"a\u0000b", r"a\u0085b", r"a\u2028b", "a\\u001fb"])
def test_a_header_of_the_databases_is_one_line_of_visible_text(url: str, value: str) -> None:
    (answer,) = asked(url, send("POST", "/rpc/heads", {"lines": f'[{{"x-said": "{value}"}}]'}))
    said = dict(answer.headers)["x-said"]
    assert said.isprintable()
    assert said.startswith("a ")
    assert "set-cookie" not in dict(answer.headers)


def test_two_cookies_are_two_headers(url: str) -> None:
    (answer,) = asked(url, send("POST", "/rpc/heads", {"lines": '[{"Set-Cookie": "a=1"}, {"Set-Cookie": "b=2"}]'}))
    assert [value for name, value in answer.headers if name == "set-cookie"] == ["a=1", "b=2"]


@pytest.mark.parametrize("status", ["100", "101", "199", "600", "٢٠٠", "9" * 5000, "-200"])
def test_what_is_no_status_of_an_answer_is_refused(url: str, status: str) -> None:
    (answer,) = asked(url, send("POST", "/rpc/says", {"status": status}))
    assert (answer.status, rows(answer)["code"]) == (500, "PGRST112")


@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_a_body_has_none(url: str, status: int) -> None:
    (answer,) = asked(url, send("POST", "/rpc/says", {"status": str(status)}))
    assert (answer.status, answer.body) == (status, None)


def test_a_status_that_the_database_chose_is_no_problem_of_a_batch(url: str) -> None:
    (answer,) = asked(url, send("POST", "/batch", [{"method": "POST", "path": "rpc/says", "body": {"status": "418"}}]))
    assert [each["status"] for each in rows(answer)] == [418]


def test_every_isolation_level_of_a_function_is_known(url: str) -> None:
    (answer,) = asked(url, send("POST", "/rpc/dirty", {}))
    assert rows(answer) == 1


def test_who_is_turned_away_before_a_request_is_told_nothing(url: str) -> None:
    options = [Request("OPTIONS", path, "", {}, b"") for path in ("/rpc/who", "/notes")]
    for request in (get("/rpc/who"), get("/"), *options):
        (refused,) = asked(url, request, pre_request="api.gate")
        assert (refused.status, rows(refused)["message"]) == (401, "no key")
    (told,) = asked(url, get("/", x_key="1"), pre_request="api.gate")
    assert told.status == 200


@pytest.mark.parametrize(("path", "role"), [("/rpc/sleeps", "may_bend"), ("/rpc/long", "may_anon")])
def test_no_role_and_no_function_has_more_time_than_the_server_gives(url: str, path: str, role: str) -> None:
    slow = send("POST", path, {"s": 30}, authorization=token(role))
    (answer,) = asked(url, slow, limits=Limits(statement_ms_max=300))
    assert (answer.status, rows(answer)["code"]) == (504, "57014")


def test_no_role_changes_how_statements_are_spelt(url: str) -> None:
    (answer,) = asked(url, get("/notes", "select=id,a:data->%22%5C%5C'x%22", authorization=token("may_bend")))
    assert rows(answer) == [{"id": 1, "a": None}]


@pytest.mark.parametrize(
    ("said", "given"),
    [("0", "2000"), ("10s", "2000"), ("1min", "2000"), ("500", "500"), ("1.5 s", "1.5 s"), ("soon", "2000")],
)
def test_times_are_read_as_postgresql_reads_them(said: str, given: str) -> None:
    assert dict(within([("statement_timeout", said)], 2000)) == {"statement_timeout": given}


def test_a_role_that_a_function_sets_for_good_is_nobody_elses(url: str, postgres: Postgres) -> None:
    turning, who = postgres.create_database(TURNING), get("/rpc/who")
    for path in ("/rpc/turns", "/rpc/bends"):
        first, turned, *others = asked(turning, who, get(path), who, who)
        assert (rows(first), rows(turned)) == ("may_anon", "may_bend")
        assert [rows(each) for each in others] == ["may_anon", "may_anon"]
