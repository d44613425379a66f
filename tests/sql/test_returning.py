"""What a role may write it can write, though it may not read all of it."""

import pytest

from services.postgres import Postgres
from sql.reflected import answers, rows, send

LETTERS = """
CREATE ROLE poster;
CREATE SCHEMA api;
CREATE TABLE api.letters (id integer PRIMARY KEY, words text, seal text DEFAULT 'wax');
INSERT INTO api.letters VALUES (1, 'a', 'b'), (2, 'c', 'd');
GRANT USAGE ON SCHEMA api TO poster;
GRANT SELECT (id, words), INSERT, UPDATE, DELETE ON api.letters TO poster
"""


@pytest.fixture(scope="module")
def letters(postgres: Postgres) -> str:
    return postgres.create_database(LETTERS)


def test_a_write_needs_no_more_columns_than_its_answer_has(letters: str) -> None:
    shown = {"prefer": "return=representation"}
    responses = answers(
        letters,
        send("POST", "/letters", {"id": 3, "seal": "x"}),
        send("POST", "/letters", {"id": 4, "words": "w", "seal": "x"}, "select=id,words", **shown),
        send("PATCH", "/letters", {"seal": "y"}, "id=eq.4"),
        send("PATCH", "/letters", {"seal": "z"}, "id=eq.4&select=words&order=id", **shown),
        send("DELETE", "/letters", None, "id=eq.3"),
        send("PATCH", "/letters", {}, "id=eq.4"),
        anonymous_role="poster",
    )
    assert [response.status for response in responses] == [201, 201, 204, 200, 204, 204]
    assert (rows(responses[1]), rows(responses[3])) == ([{"id": 4, "words": "w"}], [{"words": "w"}])


def test_what_it_may_not_read_is_not_answered_with(letters: str) -> None:
    shown = {"prefer": "return=representation"}
    (response,) = answers(letters, send("POST", "/letters", {"id": 9}, **shown), anonymous_role="poster")
    assert response.status == 401
    (gone,) = answers(letters, send("PATCH", "/letters", {"words": "!"}, "id=eq.9"), anonymous_role="poster")
    assert ("content-range", "*/*") in gone.headers
