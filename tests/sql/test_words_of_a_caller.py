"""Names and keys that a caller chooses become SQL text, whatever SQLAlchemy would read in them."""

import json
from urllib.parse import quote

import pytest

from mainstay import Mainstay
from services.postgres import Postgres
from sql.reflected import answers, get, rows

SCHEMA = """
CREATE SCHEMA api; CREATE TABLE api.notes (id int PRIMARY KEY, data jsonb, secret text);
INSERT INTO api.notes VALUES (1, '{"k": 1}', 'hush')
"""
BREAKING_OUT = 'k" , t1.secret AS "stolen'
WORDS = [
    "%(b0)s",
    "%(other)s",
    "%s %% %",
    "$1",
    ":b0",
    "__[POSTCOMPILE_param_1]",
    "__[POSTCOMPILE_other]",
    "__[POSTCOMPILE_param_1~~a~~REPL~~b~~]",
    'it\'s \\ "quoted"',
    "x" * 200,
]


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    return postgres.create_database(SCHEMA)


def may_read(app: Mainstay) -> None:
    app.role("anon").may("read", "api.notes", columns=["id", "data"])


def asked(url: str, select: str, where: str = "id=eq.1") -> list[object]:
    query = f"select={quote(select, safe='')}&{where}"
    (response,) = answers(
        url, get("/notes", query), declare=may_read, security="policy", anonymous_role="anon", etags=False
    )
    assert response.status == 200, response.body
    return rows(response)  # type: ignore[no-any-return]


def quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


def test_no_alias_lets_a_key_out_of_its_quotes(url: str) -> None:
    for number in range(1, 4):
        alias = f"__[POSTCOMPILE_param_{number}]"
        assert asked(url, f"{quoted(alias)}:data->{quoted(BREAKING_OUT)},id") == [{alias: None, "id": 1}]


@pytest.mark.parametrize("word", WORDS)
def test_an_alias_is_answered_as_it_came(url: str, word: str) -> None:
    """Also one that is longer than a column's name, which PostgreSQL would cut."""
    assert asked(url, f"{quoted(word)}:id,data->k") == [{word: 1, "k": 1}]


@pytest.mark.parametrize("word", WORDS)
def test_a_key_is_looked_up_as_it_came(url: str, postgres: Postgres, word: str) -> None:
    postgres.run(f"UPDATE api.notes SET data = $json${json.dumps({word: 7, 'k': 1})}$json$", url=url)
    assert asked(url, f"a:data->{quoted(word)},b:data->k") == [{"a": 7, "b": 1}]
    assert asked(url, "id", f"data->{quote(quoted(word), safe='')}=eq.7") == [{"id": 1}]
