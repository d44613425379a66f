"""`postgrest` from PyPI, unchanged, both its clients: what its users do with PostgREST, they do with Mainstay."""

from collections.abc import Iterator
from typing import Any

import pytest
from postgrest import SyncPostgrestClient

from cinema.setting import TOKENS
from clients.asking import Asker, AsyncAsker, Build, SyncAsker
from clients.serving import Api

ASKERS = {"sync": SyncAsker, "async": AsyncAsker}


@pytest.fixture(scope="module", params=ASKERS)
def ask(api: Api, request: pytest.FixtureRequest) -> Iterator[Asker]:
    asker = ASKERS[request.param](api.url)
    yield asker
    asker.close()


# Of the films 1, 2, 3 and 5 (the fourth is not published), those that hold.
FILTERS: dict[str, tuple[Build, list[int]]] = {
    "eq": (lambda films: films.eq("genre", "noir"), [1]),
    "eq a boolean": (lambda films: films.eq("published", True), [1, 2, 3, 5]),
    "neq": (lambda films: films.neq("genre", "noir"), [2, 3, 5]),
    "gt": (lambda films: films.gt("year", 1988), [3, 5]),
    "gte": (lambda films: films.gte("year", 1988), [2, 3, 5]),
    "lt": (lambda films: films.lt("rating", 7.1), [3]),
    "lte": (lambda films: films.lte("rating", 7.1), [2, 3]),
    "two filters": (lambda films: films.gt("year", 1970).lt("year", 2000), [2, 3]),
    "like": (lambda films: films.like("title", "%Rain%"), [2, 5]),
    "like by case": (lambda films: films.like("title", "*rain*"), []),
    "like_all_of": (lambda films: films.like_all_of("title", "%a%,%R%"), [2, 5]),
    "like_any_of": (lambda films: films.like_any_of("title", "A%,S%"), [2, 3]),
    "ilike": (lambda films: films.ilike("title", "*rain*"), [2, 5]),
    "ilike_all_of": (lambda films: films.ilike_all_of("title", "%A%,%r%"), [2, 5]),
    "ilike_any_of": (lambda films: films.ilike_any_of("title", "a%,s%"), [2, 3]),
    "is_ None": (lambda films: films.is_("studio_id", None), [5]),
    "is_ 'null'": (lambda films: films.is_("studio_id", "null"), [5]),
    "is_ True": (lambda films: films.is_("published", True), [1, 2, 3, 5]),
    "is_ False": (lambda films: films.is_("published", False), []),
    "in_": (lambda films: films.in_("id", [1, 5, 99]), [1, 5]),
    "in_ with reserved characters": (lambda films: films.in_("title", ["Rain (Again)", '"x", y']), [5]),
    "in_ nothing": (lambda films: films.in_("id", []), []),
    "not_ eq": (lambda films: films.not_.eq("genre", "drama"), [1, 3]),
    "not_ is_": (lambda films: films.not_.is_("studio_id", None), [1, 2, 3]),
    "not_ in_": (lambda films: films.not_.in_("id", [1, 5]), [2, 3]),
    "not_ like": (lambda films: films.not_.like("title", "%Rain%"), [1, 3]),
    "contains of an array": (lambda films: films.contains("aliases", ["Der lange Steg"]), [1]),
    "contains of an object": (lambda films: films.contains("details", {"colour": True}), [2, 5]),
    "contains of a range": (lambda films: films.contains("shown", "[1990,1991)"), [2]),
    "contained_by of an array": (lambda films: films.contained_by("aliases", ["Regen", "x, y"]), [2, 5]),
    "contained_by of an object": (lambda films: films.contained_by("details", {"colour": True, "reels": 1}), [5]),
    "contained_by of a range": (lambda films: films.contained_by("shown", "[1900,1980)"), [1, 3]),
    "cs": (lambda films: films.cs("aliases", ["Regen"]), [5]),
    "cd": (lambda films: films.cd("aliases", ["Regen"]), [2, 5]),
    "overlaps of an array": (lambda films: films.overlaps("aliases", ["Regen", "Der lange Steg"]), [1, 5]),
    "overlaps of a range": (lambda films: films.overlaps("shown", "[1970,1990)"), [1, 2]),
    "range_gt": (lambda films: films.range_gt("shown", (1975, 1980)), [2, 5]),
    "range_gte": (lambda films: films.range_gte("shown", (1988, 1990)), [5]),
    "range_lt": (lambda films: films.range_lt("shown", (1980, 1985)), [1]),
    "range_lte": (lambda films: films.range_lte("shown", (1980, 2002)), [1, 5]),
    "range_adjacent": (lambda films: films.range_adjacent("shown", (1974, 1980)), [1]),
    "text_search": (lambda films: films.text_search("words", "'rain' & 'salt'"), [2]),
    "text_search plain": (lambda films: films.text_search("words", "rain salt", {"type": "plain"}), [2]),
    "text_search phrase": (lambda films: films.text_search("words", "long pier", {"type": "phrase"}), [1]),
    "text_search web": (
        lambda films: films.text_search("words", "rain -salt", {"type": "web_search", "config": "english"}),
        [5],
    ),
    "fts": (lambda films: films.fts("words", "pier"), [1]),
    "plfts on text": (lambda films: films.plfts("title", "long pier"), [1]),
    "phfts": (lambda films: films.phfts("words", "long pier"), [1]),
    "wfts": (lambda films: films.wfts("words", "pier or tea"), [1, 3]),
    "or_": (lambda films: films.or_("year.lt.1970,and(genre.eq.drama,rating.gt.8)"), [1, 5]),
    "or_ with not": (lambda films: films.or_("studio_id.not.in.(1,2),studio_id.is.null"), [5]),
    "not_ or_": (lambda films: films.not_.or_("year.lt.1970,genre.eq.drama"), [3]),
    "match": (lambda films: films.match({"genre": "drama", "year": 2001}), [5]),
    "filter": (lambda films: films.filter("title", "match", "^S"), [2]),
    "not_ filter": (lambda films: films.not_.filter("title", "imatch", "^s"), [1, 3, 5]),
    "isdistinct": (lambda films: films.filter("studio_id", "isdistinct", "2"), [1, 5]),
    "eq any": (lambda films: films.filter("year", "eq(any)", "{1961,2001}"), [1, 5]),
    "json as text": (lambda films: films.eq("details->>reels", "9"), [1]),
    "json as json": (lambda films: films.eq("details->sound->channels", 2), [2]),
    "json by place": (lambda films: films.eq("details->places->>1", "Hull"), [1]),
}


@pytest.mark.parametrize(("narrow", "expected"), FILTERS.values(), ids=FILTERS)
def test_filters(narrow: Build, expected: list[int], ask: Asker) -> None:
    found = ask.rows(lambda client: narrow(client.from_("films").select("id")).order("id"))
    assert [film["id"] for film in found] == expected


def films(*columns: str) -> Build:
    return lambda client: client.from_("films").select(*columns)


READS: dict[str, tuple[Build, Any]] = {
    "columns": (
        lambda client: client.from_("films").select("id", "title").eq("id", 1),
        [{"id": 1, "title": "The Long Pier"}],
    ),
    "aliases and casts": (
        lambda client: client.from_("films").select("name:title", "year::text", "reels:details->reels").eq("id", 1),
        [{"name": "The Long Pier", "year": "1961", "reels": 9}],
    ),
    "every readable column": (
        lambda client: client.from_("tags").select("*").eq("id", 1),
        [{"id": 1, "label": "sea"}],
    ),
    "ascending": (
        lambda client: client.from_("directors").select("id").order("born"),
        [{"id": 1}, {"id": 2}, {"id": 4}, {"id": 3}],
    ),
    "nulls first": (
        lambda client: client.from_("directors").select("id").order("born", nullsfirst=True),
        [{"id": 3}, {"id": 1}, {"id": 2}, {"id": 4}],
    ),
    "descending, nulls last": (
        lambda client: client.from_("directors").select("id").order("born", desc=True, nullsfirst=False),
        [{"id": 4}, {"id": 2}, {"id": 1}, {"id": 3}],
    ),
    "two orders": (
        lambda client: client.from_("films").select("id").order("genre", desc=True).order("year"),
        [{"id": 1}, {"id": 3}, {"id": 2}, {"id": 5}],
    ),
    "order by a to-one relation": (
        lambda client: client.from_("films").select("id", "director(name)").order("director(name)", desc=True).limit(1),
        [{"id": 5, "director": {"name": "Cleo Marsh"}}],
    ),
    "limit": (lambda client: films("id")(client).order("id").limit(2), [{"id": 1}, {"id": 2}]),
    "offset": (lambda client: films("id")(client).order("id").offset(3), [{"id": 5}]),
    "range": (lambda client: films("id")(client).order("id").range(1, 2), [{"id": 2}, {"id": 3}]),
    "range past the end": (lambda client: films("id")(client).range(10, 12), []),
    "single": (
        lambda client: films("id", "title")(client).eq("id", 1).single(),
        {"id": 1, "title": "The Long Pier"},
    ),
    "maybe_single": (lambda client: films("id")(client).eq("id", 1).maybe_single(), {"id": 1}),
    "csv": (
        lambda client: films("id", "title", "studio_id")(client).gt("id", 2).order("id").csv(),
        'id,title,studio_id\n3,"A Fly in Tea",2\n5,"Rain (Again)",',
    ),
    "stripped nulls": (lambda client: films("id", "studio_id")(client).eq("id", 5).strip_nulls(), [{"id": 5}]),
    "stripped nulls of one": (
        lambda client: films("id", "studio_id")(client).eq("id", 5).strip_nulls().single(),
        {"id": 5},
    ),
    "aggregates": (
        lambda client: films("genre", "count()", "rating.max()")(client).order("genre"),
        [
            {"genre": "drama", "count": 2, "max": 9.0},
            {"genre": "comedy", "count": 1, "max": 6.5},
            {"genre": "noir", "count": 1, "max": 8.4},
        ],
    ),
    "to-one": (
        lambda client: films("title", "director(name,mentor(name))")(client).eq("id", 2),
        [{"title": "Salt and Rain", "director": {"name": "Ben Okafor", "mentor": {"name": "Ada Winter"}}}],
    ),
    "to-one by the table's name": (
        lambda client: films("directors(name)")(client).eq("id", 1),
        [{"directors": {"name": "Ada Winter"}}],
    ),
    "to-one that is not there": (
        lambda client: films("id", "studio(name)")(client).eq("id", 5),
        [{"id": 5, "studio": None}],
    ),
    "to-many": (
        lambda client: client.from_("directors").select("name", "films(title)").lt("id", 2),
        [{"name": "Ada Winter", "films": [{"title": "The Long Pier"}]}],
    ),
    "many-to-many": (
        lambda client: client.from_("tags").select("label", "films(id)").order("id").order("id", foreign_table="films"),
        [
            {"label": "sea", "films": [{"id": 1}, {"id": 2}]},
            {"label": "weather", "films": [{"id": 2}, {"id": 5}]},
            {"label": "unused", "films": []},
        ],
    ),
    "inner": (
        lambda client: films("id", "tags!inner(label)")(client).eq("tags.label", "sea").order("id"),
        [{"id": 1, "tags": [{"label": "sea"}]}, {"id": 2, "tags": [{"label": "sea"}]}],
    ),
    "spread": (
        lambda client: films("id", "...director(by:name)")(client).lt("id", 3).order("id"),
        [{"id": 1, "by": "Ada Winter"}, {"id": 2, "by": "Ben Okafor"}],
    ),
    "an embed's alias": (
        lambda client: films("maker:director(who:name)")(client).eq("id", 1),
        [{"maker": {"who": "Ada Winter"}}],
    ),
    "a hint": (
        lambda client: client.from_("screenings").select("host:members!screenings_host(name)").eq("id", 1),
        [{"host": {"name": "Anna"}}],
    ),
    "order and limit inside": (
        lambda client: (
            client.from_("directors")
            .select("name", "films(title)")
            .eq("id", 2)
            .order("year", desc=True, foreign_table="films")
            .limit(1, foreign_table="films")
        ),
        [{"name": "Ben Okafor", "films": [{"title": "A Fly in Tea"}]}],
    ),
    "range inside": (
        lambda client: (
            client.from_("directors")
            .select("films(title)")
            .eq("id", 2)
            .order("year", foreign_table="films")
            .range(1, 1, foreign_table="films")
        ),
        [{"films": [{"title": "A Fly in Tea"}]}],
    ),
    "or inside": (
        lambda client: (
            client.from_("directors")
            .select("id", "films(id)")
            .order("id")
            .limit(2)
            .or_("year.gt.1990,genre.eq.noir", reference_table="films")
        ),
        [{"id": 1, "films": [{"id": 1}]}, {"id": 2, "films": [{"id": 3}]}],
    ),
    "filter inside": (
        lambda client: client.from_("directors").select("films(id)").eq("id", 2).gt("films.year", 1990),
        [{"films": [{"id": 3}]}],
    ),
    "a schema": (
        lambda client: client.schema("public").from_("tags").select("label").eq("id", 2),
        [{"label": "weather"}],
    ),
}


@pytest.mark.parametrize(("build", "expected"), READS.values(), ids=READS)
def test_reads(build: Build, expected: Any, ask: Asker) -> None:
    assert ask.rows(build) == expected


def test_maybe_single_of_no_row_is_none(ask: Asker) -> None:
    assert ask(lambda client: films("id")(client).eq("id", 99).maybe_single()) is None


def test_maybe_single_of_several_rows_is_refused(ask: Asker) -> None:
    assert "more than one row" in ask.refused(lambda client: films("id")(client).maybe_single()).details


@pytest.mark.parametrize("head", [False, True])
def test_counts_exactly_whatever_the_limit(head: bool, ask: Asker) -> None:
    answer = ask(lambda client: client.from_("films").select("id", count="exact", head=head).order("id").limit(1))
    assert (answer.count, answer.data) == (4, [] if head else [{"id": 1}])


def test_estimates_a_small_count_exactly(ask: Asker) -> None:
    assert ask(lambda client: client.from_("films").select("id", count="estimated").limit(1)).count == 4


def test_asks_the_planner_for_a_count(ask: Asker) -> None:
    assert ask(lambda client: client.from_("films").select("id", count="planned").limit(1)).count > 0


def test_explains_in_text_and_json(ask: Asker) -> None:
    text = ask(lambda client: films("id")(client).explain(analyze=True, verbose=True, buffers=True))
    assert "Seq Scan on public.films" in text
    assert "actual time" in text
    (plan,) = ask.rows(lambda client: films("id")(client).explain(format="json"))
    assert plan["Plan"]["Plans"]


WRITES_OF_TAGS: dict[str, tuple[Build, list[str]]] = {
    "insert one": (lambda tags: tags.insert({"label": "new"}), ["new"]),
    "insert several": (lambda tags: tags.insert([{"label": "new"}, {"label": "newer"}]), ["new", "newer"]),
    "insert none": (lambda tags: tags.insert([]), []),
    "upsert by key": (lambda tags: tags.upsert({"id": 3, "label": "used"}), ["used"]),
    "insert as upsert": (lambda tags: tags.insert({"id": 3, "label": "used"}, upsert=True), ["used"]),
    "upsert by another key": (
        lambda tags: tags.upsert([{"label": "sea"}, {"label": "new"}], on_conflict="label"),
        ["sea", "new"],
    ),
    "upsert that ignores": (
        lambda tags: tags.upsert([{"label": "sea"}, {"label": "new"}], on_conflict="label", ignore_duplicates=True),
        ["new"],
    ),
    "update": (lambda tags: tags.update({"label": "ocean"}).eq("label", "sea"), ["ocean"]),
    "update none": (lambda tags: tags.update({"label": "ocean"}).eq("label", "no such"), []),
    "update within max_affected": (
        lambda tags: tags.update({"label": "ocean"}).eq("label", "sea").max_affected(1),
        ["ocean"],
    ),
    "delete": (lambda tags: tags.delete().eq("label", "unused"), ["unused"]),
    "delete several": (lambda tags: tags.delete().in_("id", [1, 3]), ["sea", "unused"]),
}


class Undone:
    """The table of tags whose writes are rolled back: the client has headers for that, but no method."""

    def __init__(self, client: Any) -> None:
        self._table = client.from_("tags")

    def __getattr__(self, name: str) -> Build:
        def build(*arguments: Any, **options: Any) -> Any:
            builder = getattr(self._table, name)(*arguments, **options)
            builder.request.headers["Prefer"] += ",tx=rollback"
            return builder

        return build


@pytest.mark.parametrize(("build", "labels"), WRITES_OF_TAGS.values(), ids=WRITES_OF_TAGS)
def test_writes_answer_with_what_they_wrote(build: Build, labels: list[str], ask: Asker) -> None:
    written = ask.rows(lambda client: build(Undone(client)), "owner")
    assert [tag["label"] for tag in written] == labels


@pytest.mark.parametrize("returning", ["minimal", "representation"])
def test_writes_answer_with_as_much_as_is_asked_for(returning: str, ask: Asker) -> None:
    rows = [{"label": "new"}, {"label": "newer"}]
    answer = ask(lambda client: Undone(client).insert(rows, returning=returning, count="exact"), "owner")
    assert answer.count == 2
    assert [tag["label"] for tag in answer.data] == ([] if returning == "minimal" else ["new", "newer"])


def test_writes_answer_with_the_columns_and_relations_that_are_selected(ask: Asker) -> None:
    written = ask.rows(
        lambda client: client.from_("directors").update({"born": "1931-05-04"}).eq("id", 1).select("born", "films(id)"),
        "owner",
    )
    assert written == [{"born": "1931-05-04", "films": [{"id": 1}]}]


@pytest.mark.parametrize(("default_to_null", "expected"), [(True, "23502"), (False, [True, False])])
def test_a_row_that_lacks_a_column_gets_null_or_the_default(
    default_to_null: bool, expected: str | list[bool], ask: Asker
) -> None:
    rows = [{"title": "A", "year": 1999}, {"title": "B", "year": 2000, "published": False}]

    def insert(client: Any) -> Any:
        builder = client.from_("films").insert(rows, default_to_null=default_to_null)
        builder.request.headers["Prefer"] += ",tx=rollback"
        return builder

    if default_to_null:
        assert ask.refused(insert, "owner").code == expected
    else:
        assert [film["published"] for film in ask.rows(insert, "owner")] == expected


@pytest.mark.parametrize("default_to_null", [True, False])
def test_rows_nest_in_the_rows_that_a_client_inserts(default_to_null: bool, ask: Asker) -> None:
    """Of several rows the client names the columns that any of them has, a relation among them."""
    rows = [
        {"name": "Eve Lund", "films": [{"title": "Low Water", "year": 2024, "tags": [{"label": "tide"}]}]},
        {"name": "Fay Moor", "born": "1999-01-02"},
    ]

    def insert(client: Any) -> Any:
        builder = client.from_("directors").insert(rows, default_to_null=default_to_null)
        builder.request.headers["Prefer"] += ",tx=rollback"
        return builder.select("name", "films(title,tags(label))")

    expected = [
        {"name": "Eve Lund", "films": [{"title": "Low Water", "tags": [{"label": "tide"}]}]},
        {"name": "Fay Moor", "films": []},
    ]
    assert ask.rows(insert, "owner") == expected


def test_rows_nest_in_the_row_that_a_client_updates(ask: Asker) -> None:
    def update(client: Any) -> Any:
        changed = {"year": 1962, "trivia": {"fact": "It rained"}, "tags": [{"id": 1}, {"label": "pier"}]}
        builder = client.from_("films").update(changed).eq("id", 1)
        builder.request.headers["Prefer"] += ",tx=rollback"
        return builder.select("year", "trivia(fact)", "tags(label)")

    (film,) = ask.rows(update, "owner")
    assert sorted(tag["label"] for tag in film.pop("tags")) == ["pier", "sea"]
    assert film == {"year": 1962, "trivia": {"fact": "It rained"}}


def test_a_session(ask: Asker) -> None:
    """Create, read, change and delete, one after the other."""
    director, *_ = ask.rows(lambda client: client.from_("directors").insert({"name": "Eve Lund"}), "owner")
    film = ask.rows(
        lambda client: (
            client.from_("films")
            .insert({"title": "Ice, (Thin)", "year": 2020, "director_id": director["id"], "aliases": ['a "b"', "c,d"]})
            .select("id", "aliases", "director(name)")
            .single()
        ),
        "owner",
    )
    assert film == {"id": film["id"], "aliases": ['a "b"', "c,d"], "director": {"name": "Eve Lund"}}

    tags = ask.rows(
        lambda client: client.from_("tags").upsert([{"label": "sea"}, {"label": "ice"}], on_conflict="label"), "owner"
    )
    pairs = [{"film_id": film["id"], "tag_id": tag["id"]} for tag in tags]
    assert ask.rows(lambda client: client.from_("film_tags").insert(pairs, returning="minimal"), "owner") == []

    read = ask.rows(
        lambda client: (
            client.from_("films")
            .select("title", "...director(director:name)", "tags(label)")
            .eq("title", "Ice, (Thin)")
            .order("label", foreign_table="tags")
            .single()
        )
    )
    assert read == {"title": "Ice, (Thin)", "director": "Eve Lund", "tags": [{"label": "ice"}, {"label": "sea"}]}

    changed = ask.rows(
        lambda client: client.from_("films").update({"rating": 7.5, "genre": "noir"}).eq("id", film["id"]), "owner"
    )
    assert [(one["rating"], one["genre"]) for one in changed] == [(7.5, "noir")]
    assert ask(lambda client: client.from_("films").select("*", count="exact", head=True).eq("rating", 7.5)).count == 1

    for table, column, value in (
        ("films", "id", film["id"]),
        ("tags", "label", "ice"),
        ("directors", "id", director["id"]),
    ):
        gone = ask(
            lambda client, table=table, column=column, value=value: (
                client.from_(table).delete(count="exact").eq(column, value)
            ),
            "owner",
        )
        assert (gone.count, len(gone.data)) == (1, 1)
    assert ask(lambda client: client.from_("films").select("id").eq("id", film["id"]).maybe_single(), "owner") is None


def test_roles_see_what_their_policies_let_them_see(ask: Asker) -> None:
    def reviews(client: Any) -> Any:
        return client.from_("reviews").select("id").order("id")

    def secrets(client: Any) -> Any:
        return client.from_("vault").select("secret")

    assert [review["id"] for review in ask.rows(reviews)] == [1, 3]
    assert [review["id"] for review in ask.rows(reviews, "anna")] == [1, 2, 3]
    assert [review["id"] for review in ask.rows(reviews, "bert")] == [1, 3, 4]
    assert ask.rows(secrets, "owner") == [{"secret": "the ending"}]
    assert ask.refused(secrets, "anna").code == "PGRST205"


def test_a_key_is_taken_for_a_token(api: Api) -> None:
    with SyncPostgrestClient(api.url, headers={"apikey": TOKENS["owner"]}) as client:
        assert client.from_("vault").select("secret").execute().data == [{"secret": "the ending"}]


# Who asks, what, and then the error's code and a part of its message, its details and its hint.
REFUSED: dict[str, tuple[str | None, Build, str, str, str | None, str | None]] = {
    "an unknown table": (
        None,
        lambda client: client.from_("film").select(),
        "PGRST205",
        "Could not find the table 'public.film' in the schema cache",
        None,
        "Perhaps you meant the table 'public.films'",
    ),
    "a hidden table": (
        None,
        lambda client: client.from_("vault").select(),
        "PGRST205",
        "Could not find the table 'public.vault' in the schema cache",
        None,
        None,
    ),
    "an unknown column": (
        None,
        films("titel"),
        "42703",
        "column films.titel does not exist",
        None,
        'Perhaps you meant to reference the column "films.title".',
    ),
    "a hidden column": (None, films("budget"), "42703", "column films.budget does not exist", None, None),
    "an unknown column in a filter": (
        None,
        lambda client: films("id")(client).eq("titel", "x"),
        "42703",
        "column films.titel does not exist",
        None,
        'Perhaps you meant to reference the column "films.title".',
    ),
    "an unknown column in an insert": (
        "owner",
        lambda client: client.from_("films").insert({"titel": "x"}),
        "PGRST204",
        "Could not find the 'titel' column of 'films' in the schema cache",
        None,
        "Perhaps you meant 'title'",
    ),
    "a value of another type": (
        None,
        lambda client: films("id")(client).eq("id", "x"),
        "22P02",
        'invalid input syntax for type integer: "x"',
        None,
        None,
    ),
    "an unknown relation": (
        None,
        films("vault(id)"),
        "PGRST200",
        "Could not find a relationship between 'films' and 'vault' in the schema cache",
        "Searched for a foreign key relationship",
        None,
    ),
    "a relation that could be two": (
        None,
        lambda client: client.from_("screenings").select("members(name)"),
        "PGRST201",
        "more than one relationship was found for 'screenings' and 'members'",
        "screenings_host",
        "Try changing 'members' to one of the following",
    ),
    "a query that does not parse": (None, films("id,"), "PGRST100", "failed to parse select", "unexpected", None),
    "no row where one is asked for": (
        None,
        lambda client: films("id")(client).eq("id", 99).single(),
        "PGRST116",
        "Cannot coerce the result to a single JSON object",
        "The result contains 0 rows",
        None,
    ),
    "rows where one is asked for": (
        None,
        lambda client: films("id")(client).single(),
        "PGRST116",
        "Cannot coerce the result to a single JSON object",
        "The result contains 4 rows",
        None,
    ),
    "a page past what is counted": (
        None,
        lambda client: client.from_("films").select("id", count="exact").range(10, 12),
        "PGRST103",
        "Requested range not satisfiable",
        "An offset of 10 was requested, but there are only 4 rows.",
        None,
    ),
    "a write of nobody": (
        None,
        lambda client: client.from_("tags").insert({"label": "x"}),
        "42501",
        "permission denied for table tags",
        None,
        None,
    ),
    "a write that the check refuses": (
        "anna",
        lambda client: client.from_("reviews").insert({"film_id": 4, "stars": 3}),
        "42501",
        'new row violates row-level security policy for table "reviews"',
        None,
        None,
    ),
    "a key that is taken": (
        "owner",
        lambda client: client.from_("tags").insert({"label": "sea"}),
        "23505",
        'duplicate key value violates unique constraint "tags_label_key"',
        "Key (label)=(sea) already exists.",
        None,
    ),
    "a foreign key that does not hold": (
        "owner",
        lambda client: client.from_("films").insert({"title": "x", "year": 2000, "director_id": 999}),
        "23503",
        'violates foreign key constraint "films_director_id_fkey"',
        'Key (director_id)=(999) is not present in table "directors".',
        None,
    ),
    "a check that does not hold": (
        "owner",
        lambda client: client.from_("films").insert({"title": "x", "year": 1000}),
        "23514",
        'violates check constraint "films_year_check"',
        "Failing row contains",
        None,
    ),
    "an update without a filter": (
        "owner",
        lambda client: client.from_("directors").update({"name": "x"}),
        "21000",
        "A filter is required here",
        "The policy of 'directors'",
        "Add a filter such as id=eq.1",
    ),
    "a delete without a filter": (
        "owner",
        lambda client: client.from_("directors").delete(),
        "21000",
        "A filter is required here",
        "The policy of 'directors'",
        "Add a filter such as id=eq.1",
    ),
    "more rows than max_affected": (
        "owner",
        lambda client: client.from_("directors").update({"born": None}).gt("id", 0).max_affected(2),
        "PGRST124",
        "Query result exceeds max-affected preference constraint",
        "The query affects 4 rows",
        None,
    ),
    "another schema": (
        None,
        lambda client: client.schema("other").from_("films").select(),
        "PGRST106",
        "Invalid schema: other",
        None,
        "Only the following schemas are exposed: public",
    ),
    "an expired token": ("expired", films("id"), "PGRST303", "JWT expired", None, None),
    "a forged token": (
        "forged",
        films("id"),
        "PGRST301",
        "No suitable key or wrong key type",
        "None of the keys was able to decode the JWT",
        None,
    ),
    "a function": (
        None,
        lambda client: client.rpc("film_of_the_day", {"day": "2026-01-01"}),
        "PGRST202",
        "Could not find the function",
        "Searched for the function public.film_of_the_day with parameter day or with a single unnamed json/jsonb "
        "parameter, but no matches were found in the schema cache.",
        None,
    ),
}


@pytest.mark.parametrize(
    ("who", "build", "says"), [(who, build, says) for who, build, *says in REFUSED.values()], ids=REFUSED
)
def test_refusals_are_the_client_s_errors(who: str | None, build: Build, says: list[Any], ask: Asker) -> None:
    error = ask.refused(build, who)
    code, message, details, hint = says
    assert error.code == code
    assert message in str(error.message)
    assert_says(error.details, details)
    assert_says(error.hint, hint)


def assert_says(text: Any, part: str | None) -> None:
    if part is None:
        assert text is None
    else:
        assert part in str(text)
