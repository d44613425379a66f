"""Functions where the database decides: its grants, its row-level security, and what its code asks and answers."""

import asyncio
from collections.abc import Iterator

import pytest

from functions.conftest import Answer, request
from functions.workshop import SECRET
from mainstay import Mainstay
from services.postgres import Postgres

SQL = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'smith') THEN CREATE ROLE smith; CREATE ROLE passer_by; END IF;
END $$;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA public FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
CREATE TABLE irons (id int PRIMARY KEY, owner text);
INSERT INTO irons VALUES (1, 'ann'), (2, 'bob');
ALTER TABLE irons ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON irons USING (owner = current_setting('request.jwt.claims', true)::json ->> 'sub');
GRANT SELECT, UPDATE ON irons TO smith;
CREATE FUNCTION all_irons() RETURNS SETOF irons STABLE LANGUAGE sql AS 'SELECT * FROM irons';
CREATE FUNCTION who() RETURNS text STABLE LANGUAGE sql AS 'SELECT current_user::text';
CREATE FUNCTION teapot() RETURNS text LANGUAGE plpgsql AS $$ BEGIN
    PERFORM set_config('response.status', '418', true);
    PERFORM set_config('response.headers', '[{"X-Tea": "green"}]', true);
    RETURN 'short'; END $$;
CREATE FUNCTION how_isolated() RETURNS text LANGUAGE sql SET default_transaction_isolation = 'serializable'
    AS $$ SELECT current_setting('transaction_isolation') $$;
CREATE FUNCTION how_patient() RETURNS text STABLE LANGUAGE sql SET statement_timeout = '1234ms'
    AS $$ SELECT current_setting('statement_timeout') $$;
CREATE FUNCTION too_slow() RETURNS void LANGUAGE sql SET statement_timeout = '20ms' AS 'SELECT pg_sleep(1)';
CREATE FUNCTION leave_behind() RETURNS text LANGUAGE sql AS $$ SELECT set_config('left.behind', 'yes', true) $$;
CREATE FUNCTION find_left() RETURNS text STABLE LANGUAGE sql AS $$ SELECT current_setting('left.behind', true) $$;
CREATE FUNCTION smiths_only() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1';
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO smith;
GRANT EXECUTE ON FUNCTION who(), all_irons(), teapot() TO passer_by;
"""


class Forge:
    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.app = Mainstay(
            reflect=url, security="database", jwt_secret=SECRET, anonymous_role="passer_by", lanes_read=1, lanes_write=1
        )
        self.loop.run_until_complete(self.app.start())

    def call(self, asked: str, body: object = None, role: str | None = "smith", **headers: str) -> Answer:
        return Answer(self.loop.run_until_complete(self.app.handle(request(asked, body, role, **headers))))

    def close(self) -> None:
        self.loop.run_until_complete(self.app.stop())
        self.loop.close()


@pytest.fixture(scope="module")
def forge(postgres: Postgres) -> Iterator[Forge]:
    forge = Forge(postgres.create_database(SQL))
    yield forge
    forge.close()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_function_runs_as_the_caller(method: str, forge: Forge) -> None:
    assert forge.call(f"{method} /who").json == "smith"
    assert forge.call(f"{method} /who", role=None).json == "passer_by"


def test_the_databases_grants_decide(forge: Forge) -> None:
    assert forge.call("GET /smiths_only").json == 1
    refused = forge.call("GET /smiths_only", role=None)
    assert (refused.status, refused.json["code"]) == (401, "42501")


def test_row_level_security_decides(forge: Forge) -> None:
    assert forge.call("GET /all_irons").json == [{"id": 1, "owner": "ann"}]
    assert forge.call("GET /all_irons", role=None).status == 401


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_function_chooses_its_answer(method: str, forge: Forge) -> None:
    answer = forge.call(f"{method} /teapot", role=None)
    assert (answer.status, answer.json, answer.headers["x-tea"]) == (418, "short", "green")
    assert forge.call("GET /who").status == 200


def test_a_functions_settings_are_in_force(forge: Forge) -> None:
    assert forge.call("POST /how_isolated").json == "serializable"
    assert forge.call("GET /how_isolated").json == "serializable"
    assert forge.call("GET /how_patient").json == "1234ms"
    slow = forge.call("POST /too_slow")
    assert (slow.status, slow.json["code"]) == (504, "57014")


def test_nothing_that_a_function_sets_is_left_for_the_next(forge: Forge) -> None:
    for method in ("GET", "POST"):
        assert forge.call(f"{method} /leave_behind").json == "yes"
        assert forge.call("GET /find_left").json in (None, "")
        assert forge.call("POST /find_left").json in (None, "")
