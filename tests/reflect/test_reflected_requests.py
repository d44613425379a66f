"""Requests that walk what was found in a database: views, computed columns, computed relationships."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import column

from mainstay.core.problem import DeclarationError
from mainstay.policy.declare import Policies
from reflect.reflected import Reflected


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        # views, by the keys of their tables
        (
            "letters?select=id,artists!writer(name)",
            [{"id": 1, "artists": {"name": "Ada"}}, {"id": 2, "artists": {"name": "Bea"}}],
        ),
        ("artists?select=name,letters_again(number)&id=eq.1", [{"name": "Ada", "letters_again": [{"number": 1}]}]),
        ("topics?select=word,works!topics_of_works(title)&id=eq.2", [{"word": "water", "works": [{"title": "Rain"}]}]),
        ("tickets?select=number,visits(artists(name))", [{"number": 7, "visits": {"artists": {"name": "Ada"}}}]),
        # the key's name and its column mean the table, although views show them too
        ("works?select=title,made_by(name)&id=eq.3", [{"title": "Rain", "made_by": {"name": "Bea"}}]),
        ("works?select=title,artist_id(name)&id=eq.3", [{"title": "Rain", "artist_id": {"name": "Bea"}}]),
        (
            "clerks?select=name,superior(name),boss(name)&id=eq.2",
            [{"name": "Don", "superior": {"name": "Una"}, "boss": {"name": "Una"}}],
        ),
        # computed columns
        ("artists?select=full_name,initial&id=eq.2", [{"full_name": "BEA", "initial": "B"}]),
        ("artists?select=name&full_name=eq.CID", [{"name": "Cid"}]),
        # computed relationships
        (
            "artists?select=name,finest(title)&order=id",
            [
                {"name": "Ada", "finest": {"title": "Moon"}},
                {"name": "Bea", "finest": {"title": "Fog"}},
                {"name": "Cid", "finest": None},
            ],
        ),
        (
            "artists?select=name,sold(title)&sold.order=title.desc&id=lte.2&order=id",
            [
                {"name": "Ada", "sold": [{"title": "Sun"}, {"title": "Moon"}]},
                {"name": "Bea", "sold": [{"title": "Fog"}]},
            ],
        ),
        ("artists?select=name,finest!inner(title)&finest.price=gt.4", [{"name": "Ada", "finest": {"title": "Moon"}}]),
        ("artists?select=name,sold()&sold=is.null", [{"name": "Cid"}]),
        ("artists?select=name,...finest(best:title)&order=id&limit=1", [{"name": "Ada", "best": "Moon"}]),
        (
            "artists?select=name,...sold(titles:title)&sold.order=id&id=eq.1",
            [{"name": "Ada", "titles": ["Sun", "Moon"]}],
        ),
        (
            "artists?select=name,finest(price)&order=finest(price).desc.nullslast",
            [
                {"name": "Ada", "finest": {"price": 9.00}},
                {"name": "Bea", "finest": {"price": 3.00}},
                {"name": "Cid", "finest": None},
            ],
        ),
        ("artists?select=name,sold(count())&id=eq.1", [{"name": "Ada", "sold": [{"count": 2}]}]),
        (
            "artists?select=name,sold(title,rooms(floor))&id=eq.1&sold.title=eq.Sun",
            [{"name": "Ada", "sold": [{"title": "Sun", "rooms": {"floor": 1}}]}],
        ),
        (
            "artists?select=name,sold(title,artists!made_by(name))&id=eq.2",
            [{"name": "Bea", "sold": [{"title": "Fog", "artists": {"name": "Bea"}}]}],
        ),
        (
            "works?select=title,artists!made_by(name,finest(title))&id=eq.3",
            [{"title": "Rain", "artists": {"name": "Bea", "finest": {"title": "Fog"}}}],
        ),
    ],
)
def test_reads(museum: Reflected, asked: str, answer: list[Any]) -> None:
    assert museum.ask(f"GET /{asked}") == answer


def test_what_a_write_returns_may_be_computed(museum: Reflected) -> None:
    asked = "PATCH /artists?id=eq.1&select=name,full_name,finest(title),sold(title)"
    written = museum.ask(asked, {"name": "Ann"}, prefer="return=representation")
    assert written == [
        {"name": "Ann", "full_name": "ANN", "finest": {"title": "Moon"}, "sold": [{"title": "Sun"}, {"title": "Moon"}]}
    ]
    assert museum.ask("GET /artists?select=name&id=eq.1") == [{"name": "Ada"}], "the tests' server rolls back"


def test_a_function_by_a_tables_name_stands_for_its_keys(museum: Reflected) -> None:
    assert museum.ask("GET /works?select=title,rooms(floor)&id=eq.2") == [{"title": "Moon", "rooms": {"floor": 2}}]
    assert museum.refusal("GET /works?select=title,hangs_in(floor)").code == "PGRST200"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("works?select=title,artists(name)", "PGRST201"),
        ("letters?select=id,artists(name)", "PGRST201"),
        ("works?select=title,visits_2025(day)", "PGRST200"),
        ("visits_2025?select=day", "PGRST205"),
        ("artists?select=name,tools(initial)", "PGRST200"),
        ("artists?select=nme,tools(initial)", "PGRST200"),
        ("artists?select=nme", "42703"),
    ],
)
def test_refusals(museum: Reflected, asked: str, code: str) -> None:
    assert museum.refusal(f"GET /{asked}").code == code


@pytest.fixture(scope="module")
def guarded(museum_url: str) -> Iterator[Reflected]:
    """A curator, who sees works that cost little; a friend, who may call what relates them; a stranger to works."""
    policies = Policies()
    stranger = policies.role("stranger").may("read", "museum.artists", columns=["id", "name"]).may_call("finest")
    policies.role("curator").may("read", "museum.artists", columns=["id", "name"]).may(
        "read", "museum.works", columns=["title"], rows=column("price") < 6
    )
    policies.role("friend", inherits=["curator"]).may_call("museum.finest", "sold")
    assert [call.function for call in stranger.calls] == ["finest"]
    reflected = Reflected(museum_url, ("museum",), ("tools",), policies)
    yield reflected
    reflected.close()


def test_a_computed_relationship_is_for_those_who_may_call_it(guarded: Reflected) -> None:
    asked = "GET /artists?select=name,sold(title)&order=id&limit=1"
    assert guarded.ask(asked, role="friend") == [{"name": "Ada", "sold": [{"title": "Sun"}]}]
    unknown = guarded.refusal(asked, role="curator")
    assert unknown.code == "PGRST200"
    assert unknown.hint is None


def test_the_rows_of_a_computed_relationship_are_those_that_the_role_sees(guarded: Reflected) -> None:
    """The finest of Ada's works costs too much to be seen, and is not told of by any other way either."""
    asked = "GET /artists?select=name,finest(title)&order=id&limit=1"
    assert guarded.ask(asked, role="friend") == [{"name": "Ada", "finest": None}]
    there = "GET /artists?select=name,finest!inner(title)&order=id"
    assert guarded.ask(there, role="friend") == [{"name": "Bea", "finest": {"title": "Fog"}}]
    sorted_by_it = "GET /artists?select=name,finest(title)&order=finest(title).desc.nullslast,id&limit=1"
    assert guarded.ask(sorted_by_it, role="friend") == [{"name": "Bea", "finest": {"title": "Fog"}}]
    assert guarded.refusal("GET /artists?select=name,finest(price)", role="friend").code == "42703"


def test_a_computed_relationship_to_a_table_that_the_role_does_not_read_is_not_there(guarded: Reflected) -> None:
    assert guarded.refusal("GET /artists?select=name,finest(title)", role="stranger").code == "PGRST200"


def test_a_role_may_not_be_let_call_what_is_not_there(museum_url: str) -> None:
    policies = Policies()
    policies.role("friend").may_call("finist")
    with pytest.raises(DeclarationError, match="there is no function 'finist'"):
        Reflected(museum_url, ("museum",), (), policies)
