"""Any text that PostgreSQL can hold, sent by the stock clients, comes back equal, however it is asked for."""

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from postgrest import APIError, SyncPostgrestClient

from cinema.setting import TOKENS
from clients.node import SCRIPTS, node
from clients.serving import Api

Found: TypeAlias = dict[str, Any]
RoundTrip: TypeAlias = Callable[[str], Found]

RESERVED = (
    ",.:()\"'\\{}[]*%&=+#?/ ;$!~^|<>@-_\n\r\t\u00a0\u2028\u200b\ufeff\uffff\x01\x7f\u00e9\u65e5\U0001f3ac\U0010ffff"
)
WORDS = [
    "null",
    "NULL",
    "true",
    "not.eq.1",
    "eq.1",
    "in.(1)",
    "*",
    "1",
    "id.eq.1",
    "%00",
    "%2C",
    "\\u0000",
    "(a,b)",
    '"a"',
]
TEXTS = st.text(
    st.one_of(st.sampled_from(RESERVED), st.characters(exclude_categories=["Cs"], exclude_characters="\0")), max_size=40
)
MANY = settings(max_examples=250, deadline=None, database=None)


def quoted(text: str) -> str:
    """PostgREST's way to quote a value that holds reserved characters."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def quotes_rightly(text: str) -> bool:
    """Whether postgrest's `in_` quotes a list's only item as it should: it leaves alone what begins with a space."""
    return text != "" and text[0] not in " \t"


@pytest.fixture(scope="module")
def owner(api: Api) -> Iterator[SyncPostgrestClient]:
    with SyncPostgrestClient(api.url).auth(TOKENS["owner"]) as client:
        yield client


@pytest.fixture(scope="module")
def by_python(owner: SyncPostgrestClient) -> RoundTrip:
    def select() -> Any:
        return owner.from_("actors").select("name")

    def within(text: str) -> Any:
        if quotes_rightly(text):
            return select().in_("name", [text])
        return select().filter("name", "in", f"({quoted(text)})")

    def names(builder: Any) -> list[str]:
        return [row["name"] for row in builder.limit(3).execute().data]

    def round_trip(text: str) -> Found:
        return {
            "inserted": owner.from_("actors").insert({"name": text}).execute().data[0]["name"],
            "eq": names(select().eq("name", text)),
            "match": names(select().match({"name": text})),
            "in": names(within(text)),
            "in, last": names(select().in_("name", ["nobody of this name", text])),
            "or": names(select().or_(f"name.eq.{quoted(text)},id.eq.0")),
            "or, in": names(select().or_(f"id.eq.0,name.in.({quoted(text)},nobody)")),
        }

    return round_trip


@pytest.fixture(scope="module")
def by_javascript(api: Api) -> Iterator[RoundTrip]:
    """One process of echo.mjs, which takes a text after the other."""
    with subprocess.Popen(
        [node(), "echo.mjs", api.origin, TOKENS["owner"]],
        cwd=SCRIPTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def round_trip(text: str) -> Found:
            stdin.write(json.dumps({"text": text}) + "\n")
            stdin.flush()
            return dict(json.loads(stdout.readline()))

        yield round_trip
        stdin.close()


def assert_comes_back(text: str, found: Found) -> None:
    """Inserted as it is, and each way of asking finds rows of just that name."""
    assert found.pop("inserted", None) == text, found
    for way, names in found.items():
        assert names, f"{way} found nothing"
        assert set(names) == {text}, way


@pytest.mark.parametrize("text", [*RESERVED, *WORDS, ""], ids=ascii)
@pytest.mark.parametrize("client", ["by_python", "by_javascript"])
def test_each_reserved_character_comes_back(client: str, text: str, request: pytest.FixtureRequest) -> None:
    round_trip: RoundTrip = request.getfixturevalue(client)
    for longer in (text, text * 2, f"a{text}b"):
        assert_comes_back(longer, round_trip(longer))


@MANY
@given(text=TEXTS)
def test_any_text_comes_back_by_python(by_python: RoundTrip, text: str) -> None:
    assert_comes_back(text, by_python(text))


@MANY
@given(text=TEXTS)
def test_any_text_comes_back_by_javascript(by_javascript: RoundTrip, text: str) -> None:
    assert_comes_back(text, by_javascript(text))


@MANY
@given(texts=st.lists(TEXTS, min_size=1, max_size=4))
def test_any_list_of_texts_comes_back_and_is_found_by_its_members(owner: SyncPostgrestClient, texts: list[str]) -> None:
    films = owner.from_("films")
    made = films.insert({"title": "Lists", "year": 2000, "aliases": texts}).execute().data[0]
    found = films.select("aliases").eq("id", made["id"]).contains("aliases", texts).execute().data
    assert (made["aliases"], found) == (texts, [{"aliases": texts}])


def builders(text: str) -> dict[str, Callable[[Any], Any]]:
    return {
        "insert": lambda table: table.insert({"name": text}),
        "eq": lambda table: table.select("name").eq("name", text),
        "in": lambda table: table.select("name").in_("name", [text]),
        "or": lambda table: table.select("name").or_(f"name.eq.{quoted(text)}"),
    }


@pytest.mark.parametrize("way", builders(""))
@pytest.mark.parametrize("text", ["\0", "a\0b", '"\0",'], ids=ascii)
def test_a_text_with_nul_which_postgresql_can_t_hold_is_refused(
    way: str, text: str, owner: SyncPostgrestClient
) -> None:
    with pytest.raises(APIError) as caught:
        builders(text)[way](owner.from_("actors")).execute()
    assert caught.value.code in ("22021", "22P05")


@pytest.mark.parametrize("text", ["\0", "\ud800", "a\udfffb"], ids=ascii)
def test_what_postgresql_can_t_hold_is_refused_to_javascript(text: str, by_javascript: RoundTrip) -> None:
    assert by_javascript(text)["error"] in ("22P05", "PGRST102")


# Python's client refuses lone surrogates by itself, and JavaScript's writes U+FFFD for them into URLs, so that these
# are sent as no client does.
@pytest.mark.parametrize(
    ("method", "query", "body"),
    [
        ("POST", "", rb'{"name": "\ud800"}'),
        ("POST", "", rb'{"name": "a\udfffb"}'),
        ("POST", "", b'{"name": "\xed\xa0\x80"}'),
        ("GET", "?name=eq.%ED%A0%80", b""),
        ("GET", "?name=in.(%ED%A0%80)", b""),
        ("GET", "?or=(name.eq.%ED%A0%80)", b""),
        ("GET", "?name=eq.%FF", b""),
    ],
)
def test_a_lone_surrogate_is_refused(method: str, query: str, body: bytes, api: Api) -> None:
    headers = {"Authorization": f"Bearer {TOKENS['owner']}", "Content-Type": "application/json"}
    answer = httpx.request(method, f"{api.url}/actors{query}", content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("22P02", "PGRST100", "PGRST102")
