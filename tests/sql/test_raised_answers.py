"""What code in the database raises, and what is answered for it."""

import json

import pytest

from services.postgres import Postgres
from sql.reflected import answers, rows, send

BAR = """
CREATE ROLE drinker;
CREATE SCHEMA api;
CREATE FUNCTION api.complain(code text, message text, detail text DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF detail IS NULL THEN
    RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message;
  END IF;
  RAISE EXCEPTION USING ERRCODE = code, MESSAGE = message, DETAIL = detail;
END $$;
GRANT USAGE ON SCHEMA api TO drinker
"""
MESSAGE = json.dumps({"code": "B7", "message": "No more", "hint": "Go home"})


@pytest.fixture(scope="module")
def bar(postgres: Postgres) -> str:
    return postgres.create_database(BAR)


@pytest.mark.parametrize(
    ("complaint", "status", "body"),
    [
        ({"code": "PT402", "message": "Pay"}, 402, {"code": "PT402", "message": "Pay"}),
        ({"code": "PT40A", "message": "Pay"}, 500, {"code": "PT40A"}),
        ({"code": "PT999", "message": "Pay"}, 500, {"code": "PT999"}),
        (
            {"code": "PGRST", "message": MESSAGE, "detail": json.dumps({"status": 418, "headers": {}})},
            418,
            {"code": "B7", "message": "No more", "details": None, "hint": "Go home"},
        ),
        ({"code": "PGRST", "message": "?", "detail": "{}"}, 500, {"details": "Invalid JSON value for MESSAGE: '?'"}),
        ({"code": "PGRST", "message": MESSAGE}, 500, {"details": "DETAIL is missing in the RAISE statement"}),
        (
            {"code": "PGRST", "message": MESSAGE, "detail": "[]"},
            500,
            {"details": "Invalid JSON value for DETAIL: '[]'"},
        ),
        (
            {"code": "PGRST", "message": MESSAGE, "detail": '{"status": 99, "headers": {}}'},
            500,
            {"code": "PGRST121"},
        ),
    ],
)
def test_code_in_the_database_raises_its_own_answer(
    bar: str, complaint: dict[str, str], status: int, body: dict[str, object]
) -> None:
    (response,) = answers(bar, send("POST", "/rpc/complain", complaint), anonymous_role="drinker")
    assert response.status == status
    assert rows(response).items() >= body.items()


def test_a_raised_answer_has_its_headers_each_on_one_line(bar: str) -> None:
    headers = {"X-Tab": "open\r\nX-Other: no", "not a name": "x"}
    complaint = {"code": "PGRST", "message": MESSAGE, "detail": json.dumps({"status": 402, "headers": headers})}
    (response,) = answers(bar, send("POST", "/rpc/complain", complaint), anonymous_role="drinker")
    assert dict(response.headers)["x-tab"] == "open X-Other: no"
    assert "not a name" not in dict(response.headers)
