"""Domains with casts to json, from json and from text are written and read by these."""

import pytest

from mainstay.core.exchange import Response
from services.postgres import Postgres
from sql.reflected import answers, get, rows, send

PAINTS = """
CREATE ROLE painter;
CREATE SCHEMA api;
CREATE DOMAIN api.shade AS integer;
CREATE FUNCTION api."To Json"(api.shade) RETURNS json LANGUAGE sql AS $$ SELECT to_json('#' || to_hex($1::integer)) $$;
CREATE FUNCTION api.from_text(text) RETURNS api.shade LANGUAGE sql
  AS $$ SELECT (('x' || lpad(ltrim($1, '#'), 8, '0'))::bit(32)::integer)::api.shade $$;
CREATE FUNCTION api.from_json(json) RETURNS api.shade LANGUAGE sql AS $$ SELECT api.from_text($1 #>> '{}') $$;
CREATE CAST (api.shade AS json) WITH FUNCTION api."To Json"(api.shade) AS IMPLICIT;
CREATE CAST (json AS api.shade) WITH FUNCTION api.from_json(json) AS IMPLICIT;
CREATE CAST (text AS api.shade) WITH FUNCTION api.from_text(text) AS IMPLICIT;
CREATE TABLE api.paints (id integer PRIMARY KEY, shade api.shade);
INSERT INTO api.paints VALUES (1, 1), (2, 255), (3, NULL);
GRANT USAGE ON SCHEMA api TO painter;
GRANT ALL ON api.paints TO painter
"""


@pytest.fixture(scope="module")
def paints(postgres: Postgres) -> str:
    return postgres.create_database(PAINTS)


def ask(url: str, query: str) -> Response:
    return answers(url, get("/paints", query), anonymous_role="painter")[0]


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("select=id,shade&id=lt.3", [{"id": 1, "shade": "#1"}, {"id": 2, "shade": "#ff"}]),
        ("select=s:shade&id=eq.2", [{"s": "#ff"}]),
        ("select=*&id=eq.2", [{"id": 2, "shade": "#ff"}]),
        ("select=id,shade::integer&id=eq.2", [{"id": 2, "shade": 255}]),
        (
            "select=shade,id.count()&shade=not.is.null&order=shade",
            [{"shade": "#1", "count": 1}, {"shade": "#ff", "count": 1}],
        ),
        ("select=shade.max()", [{"max": 255}]),
        ("select=id&shade=eq.%23ff", [{"id": 2}]),
        ("select=id&shade=in.(%23ff,1)", [{"id": 1}, {"id": 2}]),
        ("select=id&shade=not.in.(%23ff,2)", [{"id": 1}]),
        ("select=id&shade=gt(any).{fe,fff}", [{"id": 2}]),
        ("select=id&order=shade.desc.nullslast", [{"id": 2}, {"id": 1}, {"id": 3}]),
    ],
)
def test_values_are_shown_and_compared_by_the_casts(paints: str, query: str, wanted: object) -> None:
    assert rows(ask(paints, query)) == wanted


def test_a_value_that_its_cast_can_not_read_is_refused_whatever_rows_there_are(paints: str) -> None:
    assert ask(paints, "id=eq.99&shade=eq.zzz").status == 400


def test_payloads_are_read_by_the_cast_from_json(paints: str) -> None:
    returned = {"prefer": "return=representation"}
    inserted, changed, put = answers(
        paints,
        send("POST", "/paints", [{"id": 8, "shade": "#10"}, {"id": 9, "shade": None}], **returned),
        send("PATCH", "/paints", {"shade": "#20"}, "id=eq.8&select=shade", **returned),
        send("POST", "/paints", {"id": 8, "shade": "#30"}, prefer="resolution=merge-duplicates, return=representation"),
        anonymous_role="painter",
    )
    assert rows(inserted) == [{"id": 8, "shade": "#10"}, {"id": 9, "shade": None}]
    assert rows(changed) == [{"shade": "#20"}]
    assert rows(put) == [{"id": 8, "shade": "#30"}]
