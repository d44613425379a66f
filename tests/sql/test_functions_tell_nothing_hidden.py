"""Functions and types of a database under rules: what is hidden is not named by what leads to it."""

import pytest

from mainstay import Mainstay
from services.postgres import Postgres
from sql.reflected import answers, get, rows

SCHEMA = """
CREATE SCHEMA api; CREATE TYPE api.mood AS ENUM ('sad', 'glad'); CREATE TYPE api.genre AS ENUM ('noir');
CREATE TABLE api.films (id int PRIMARY KEY, title text, genre api.genre, mood api.mood);
CREATE TABLE api.secrets (id int PRIMARY KEY, mood api.mood);
INSERT INTO api.films VALUES (1, 'noir', 'noir', 'sad'); INSERT INTO api.secrets VALUES (1, 'sad');
CREATE FUNCTION api.hidden() RETURNS SETOF api.secrets LANGUAGE sql STABLE AS 'SELECT * FROM api.secrets';
CREATE FUNCTION api.feel() RETURNS TABLE (m api.mood) LANGUAGE sql STABLE AS $$ SELECT 'sad'::api.mood $$
"""


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    return postgres.create_database(SCHEMA)


def may_read(app: Mainstay) -> None:
    anon = app.role("anon").may("read", "api.films", columns=["id", "title", "genre"])
    anon.may_call("api.hidden")
    app.role("caller", inherits=["anon"]).may_call("api.feel")


@pytest.mark.parametrize("query", ["", "select=id", "select=count()", "id=eq.1", "order=mood", "limit=0"])
def test_a_function_does_not_name_the_hidden_table_whose_rows_it_returns(url: str, query: str) -> None:
    (refused,) = answers(url, get("/rpc/hidden", query), declare=may_read, security="policy", anonymous_role="anon")
    assert (refused.status, rows(refused)["code"]) == (401, "42501")
    assert b"secrets" not in (refused.body or b"")


def test_a_role_casts_to_the_types_that_it_knows_and_knows_of_no_others(url: str) -> None:
    def ask(name: str, anonymous: str) -> tuple[int, object]:
        request = get("/films", f"select=a:title::{name}")
        (answer,) = answers(url, request, declare=may_read, security="policy", anonymous_role=anonymous)
        return answer.status, rows(answer)

    assert ask("genre", "anon") == (200, [{"a": "noir"}])
    assert ask("mood", "anon")[1] == {
        "code": "42704",
        "message": 'type "mood" does not exist',
        "details": None,
        "hint": None,
    }
    assert ask("mood", "caller")[1]["code"] == "22P02"  # type: ignore[index]
