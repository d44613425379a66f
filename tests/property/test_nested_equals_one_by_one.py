"""A nested write does what the same writes do one by one: the same rows, or a refusal that leaves nothing behind.

Random trees over the cinema's models are sent in one request, and to an equal database in as many as they have rows,
each with the keys that those before it answered with. Keys that the database makes differ, so rows are compared by
labels.
"""

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import asyncpg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cinema.app import ANNA, BERT, SECRET, cinema
from cinema.models import Actor, Base, Casting, Director, Film, Line, Member, Review, Studio, Tag, Trivia, film_tags
from cinema.setting import ROWS, set_up, token
from mainstay.core.exchange import Request

EXAMPLES = 60
TABLES = ("studios", "directors", "films", "film_tags", "tags", "trivia", "actors", "castings", "lines", "reviews")
KEYS = {"film_tags": ("film_id", "tag_id"), "trivia": ("film_id",), "castings": ("film_id", "actor_id")}


class Way(NamedTuple):
    """A relation: `source` columns of the row are `target` columns of the related ones. `first`: these come first."""

    table: str
    source: tuple[str, ...]
    target: tuple[str, ...]
    many: bool
    first: bool = False
    through: tuple[str, str, str] | None = None


WAYS: dict[str, dict[str, Way]] = {
    "studios": {"films": Way("films", ("id",), ("studio_id",), True)},
    "directors": {
        "mentor": Way("directors", ("mentor_id",), ("id",), False, first=True),
        "pupils": Way("directors", ("id",), ("mentor_id",), True),
        "films": Way("films", ("id",), ("director_id",), True),
    },
    "films": {
        "director": Way("directors", ("director_id",), ("id",), False, first=True),
        "studio": Way("studios", ("studio_id",), ("id",), False, first=True),
        "tags": Way("tags", ("id",), ("id",), True, through=("film_tags", "film_id", "tag_id")),
        "trivia": Way("trivia", ("id",), ("film_id",), False),
        "castings": Way("castings", ("id",), ("film_id",), True),
        "reviews": Way("reviews", ("id",), ("film_id",), True),
    },
    "castings": {
        "actor": Way("actors", ("actor_id",), ("id",), False, first=True),
        "lines": Way("lines", ("film_id", "actor_id"), ("film_id", "actor_id"), True),
    },
    "tags": {"films": Way("films", ("id",), ("id",), True, through=("film_tags", "tag_id", "film_id"))},
}
LABELS = {"films": "title", "tags": "label", "trivia": "fact", "castings": "part", "lines": "words", "reviews": "text"}
FREE: dict[str, dict[str, Any]] = {
    "films": {"year": st.integers(1870, 2020), "published": st.booleans()},
    "reviews": {"stars": st.integers(-1, 6), "author_id": st.sampled_from([ANNA, BERT])},
}
REQUIRED = {"films": {"year"}, "reviews": {"stars", "author_id"}}
"""What the database demands; the rest may be left out."""


class Stage:
    """The cinema's app with a role whose every table has a check, and its database."""

    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.app = cinema(database_url=url, lanes_read=1, lanes_write=1)
        clerk = self.app.role("clerk")
        checks: dict[Any, Any] = {
            Film: Film.year > 1900,
            Review: Review.film.has(Film.published),
            Casting: Casting.film.has(Film.year < 2010),
            Line: Line.casting.has(Casting.film.has(Film.published)),
            Trivia: Trivia.film.has(Film.year > 1910),
        }
        for model in (Studio, Director, Film, Tag, Trivia, Actor, Casting, Line, Review, film_tags):
            check = {"check": checks[model]} if model in checks else {}
            clerk.may(["read"], model, columns="*")
            clerk.may(["create", "update"], model, columns="*", **check)
        clerk.may("read", Member, columns="*")
        self.run(set_up(url, [Base.metadata]))
        self.connection: Any = self.run(asyncpg.connect(url))
        self.run(self.app.start())
        self.token = token("clerk", SECRET)

    def run(self, coroutine: Any) -> Any:
        return self.loop.run_until_complete(coroutine)

    def close(self) -> None:
        self.run(self.app.stop())
        self.run(self.connection.close())
        self.loop.close()

    def reset(self) -> None:
        """The cinema's rows, as at first."""
        names = "members, screenings, vault, " + ", ".join(TABLES)
        self.run(self.connection.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE; {ROWS}"))

    def ask(self, method: str, path: str, body: Any, *prefer: str) -> tuple[int, Any]:
        table, _, query = path.partition("?")
        headers = {
            "authorization": f"Bearer {self.token}",
            "content-type": "application/json",
            "prefer": ",".join(("return=representation", *prefer)),
        }
        request = Request(method, f"/rest/v1/{table}", query, headers, json.dumps(body).encode())
        response = self.run(self.app.handle(request))
        return response.status, json.loads(response.body)

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Each table's rows, those that they point to by their labels."""
        found = {name: self.run(self.connection.fetch(f"SELECT * FROM {name}")) for name in TABLES}
        labels = {
            name: {row["id"]: _label(name, row) for row in rows} for name, rows in found.items() if name not in KEYS
        }
        return {name: sorted((_named(row, labels) for row in rows), key=repr) for name, rows in found.items()}


OWN = {"film_id": "films", "tag_id": "tags", "actor_id": "actors", "director_id": "directors", "studio_id": "studios"}
POINTS = OWN | {"mentor_id": "directors"}


def _label(table: str, row: Mapping[str, Any]) -> str:
    return str(row[LABELS.get(table, "name")])


def _named(row: Mapping[str, Any], labels: dict[str, dict[Any, str]]) -> dict[str, Any]:
    plain = {name: value for name, value in row.items() if name not in ("id", "added_at", "words_")}
    return {name: labels[POINTS[name]].get(value) if name in POINTS else value for name, value in plain.items()}


@pytest.fixture(scope="module")
def stage(postgres: Any) -> Iterator[Stage]:
    stage = Stage(postgres.create_database())
    yield stage
    stage.close()


@st.composite
def levels(draw: Any, table: str, depth: int, *, given: frozenset[str] = frozenset(), keyed: bool = False) -> Any:
    """What each object of a level holds, so that their keys agree: a strategy of such objects."""
    free = FREE.get(table, {})
    chosen = [name for name in free if name in REQUIRED.get(table, ()) or draw(st.booleans())]
    members: dict[str, Any] = {name: free[name] for name in chosen if name not in given}
    taken = set(given)
    for key, way in WAYS.get(table, {}).items():
        needed = table == "castings" and key == "actor"
        if (depth == 0 and not needed) or taken.intersection(way.source if way.first else ()):
            continue
        if needed or draw(st.integers(0, 2)) == 0:
            below = frozenset() if way.first or way.through else frozenset(way.target)
            inner = draw(levels(way.table, max(depth - 1, 0), given=below, keyed=keyed))
            members[key] = st.lists(inner, max_size=2) if way.many else inner if needed else st.none() | inner
    return st.fixed_dictionaries(members)


def labelled(value: Any, table: str, numbers: Iterator[int], ids: "Ids | None") -> Any:
    """The objects with a label that no other row has and, with `ids`, a key."""
    made = dict(value)
    made[LABELS.get(table, "name")] = f"{table} {next(numbers)}"
    if ids is not None and table not in KEYS:
        made["id"] = ids.draw(table)
    for key, way in WAYS.get(table, {}).items():
        inner = made.get(key)
        if isinstance(inner, list):
            made[key] = [labelled(each, way.table, numbers, ids) for each in inner]
        elif inner is not None:
            made[key] = labelled(inner, way.table, numbers, ids)
    return made


class Ids:
    """Keys of rows that are there and of ones that are not, each once: a statement writes no row twice."""

    def __init__(self, data: Any) -> None:
        self.data = data
        self.used: set[tuple[str, int]] = set()

    def draw(self, table: str) -> int:
        free = [number for number in range(1, 40) if (table, number) not in self.used]
        chosen: int = self.data.draw(st.sampled_from(free[:6]))
        self.used.add((table, chosen))
        return chosen


@st.composite
def changes(draw: Any, table: str, ids: Ids, depth: int, *, filled: frozenset[str] = frozenset()) -> Any:
    """What a PATCH may say of a row: keys need not agree, and may name rows that are there or not, or be left out."""
    made: dict[str, Any] = {}
    for name, values in ({"id": None} | FREE.get(table, {})).items():
        if name in filled or (name == "id" and table in KEYS) or not draw(st.integers(0, 2)):
            continue
        made[name] = ids.draw(table) if name == "id" else draw(values)
    if draw(st.booleans()):
        made[LABELS.get(table, "name")] = ""
    for key, way in WAYS.get(table, {}).items():
        needed = table == "castings" and key == "actor"
        left_out = depth == 0 or draw(st.integers(0, 2)) or (way.first and filled.intersection(way.source))
        if left_out and not needed:
            continue
        below = frozenset() if way.first or way.through else frozenset(way.target)
        inner = changes(way.table, ids, max(depth - 1, 0), filled=below)
        made[key] = draw(st.lists(inner, max_size=2)) if way.many else draw(inner)
        if way.first:
            made[key].setdefault("id", ids.draw(way.table))
    return made


def named(value: Any, table: str, numbers: Iterator[int]) -> Any:
    """The objects, their labels such as no other row has."""
    label = LABELS.get(table, "name")
    made = {key: f"{table} {next(numbers)}" if key == label else each for key, each in value.items()}
    for key, way in WAYS.get(table, {}).items():
        if key in made:
            inner = made[key]
            listed = [named(each, way.table, numbers) for each in (inner if way.many else [inner])]
            made[key] = listed if way.many else listed[0]
    return made


class Refused(Exception):
    """With the answer."""


class OneByOne:
    """The same writes, each in a request of its own."""

    def __init__(self, stage: Stage, *prefer: str) -> None:
        self.stage = stage
        self.prefer = prefer

    def write(self, table: str, value: Mapping[str, Any], **filled: Any) -> dict[str, Any]:
        """The row, with what the database made of it, and all that hangs on it. Raises Refused."""
        ways = {key: way for key, way in WAYS.get(table, {}).items() if key in value}
        row = {key: each for key, each in value.items() if key not in ways} | filled
        for key, way in ways.items():
            if way.first:
                row |= self._above(way, value[key])
        written = self.ask("POST", table, row, *self.prefer)
        for key, way in ways.items():
            if not way.first:
                self._below(written, way, value[key])
        return written

    def _above(self, way: Way, value: Any) -> dict[str, Any]:
        target = {} if value is None else self.write(way.table, value)
        return {left: target.get(right) for left, right in zip(way.source, way.target, strict=True)}

    def _below(self, written: Mapping[str, Any], way: Way, value: Any) -> None:
        values = value if isinstance(value, list) else [] if value is None else [value]
        for each in values:
            if way.through is None:
                ties = {right: written[left] for left, right in zip(way.source, way.target, strict=True)}
                self.write(way.table, each, **ties)
            else:
                table, near, far = way.through
                self.ask("POST", table, {near: written["id"], far: self.write(way.table, each)["id"]}, *self.prefer)

    def ask(self, method: str, path: str, body: Any, *prefer: str) -> dict[str, Any]:
        status, answer = self.stage.ask(method, path, body, *prefer)
        if status >= 400:
            raise Refused(answer)
        row: dict[str, Any] = answer[0] if answer else {}
        return row


class Merging(OneByOne):
    """What a PATCH does, one by one: rows that are there are changed, the others inserted."""

    def change(self, table: str, value: Mapping[str, Any], ties: Mapping[str, Any], *, alone: bool) -> dict[str, Any]:
        """`ties`: what the row above it fills. `alone`: there is one such row at most."""
        ways = {key: way for key, way in WAYS.get(table, {}).items() if key in value}
        row = {key: each for key, each in value.items() if key not in ways}
        for key, way in ways.items():
            if way.first:
                target = self.change(way.table, value[key], {}, alone=False)
                row |= {left: target[right] for left, right in zip(way.source, way.target, strict=True)}
        written = self._changed(table, row, ties, alone=alone) or self.ask("POST", table, {**row, **ties})
        self.below(written, ways, value)
        return written

    def _changed(self, table: str, row: dict[str, Any], ties: Mapping[str, Any], *, alone: bool) -> dict[str, Any]:
        given, key = {**row, **ties}, KEYS.get(table, ("id",))
        match = {name: given[name] for name in (*key, *ties)} if given.keys() >= set(key) else ties if alone else {}
        rest = {name: each for name, each in row.items() if name not in match}
        query = "&".join(f"{name}=eq.{each}" for name, each in match.items())
        return self.ask("PATCH" if rest else "GET", f"{table}?{query}", rest) if match else {}

    def below(self, written: Mapping[str, Any], ways: Mapping[str, Way], value: Mapping[str, Any]) -> None:
        for key, way in ways.items():
            if way.first:
                continue
            for each in value[key] if way.many else [value[key]]:
                if way.through is None:
                    ties = {right: written[left] for left, right in zip(way.source, way.target, strict=True)}
                    self.change(way.table, each, ties, alone=not way.many)
                else:
                    table, near, far = way.through
                    pair = {near: written["id"], far: self.change(way.table, each, {}, alone=False)["id"]}
                    self.ask("POST", table, pair, "resolution=ignore-duplicates")


REASONS = {"42501", "23514", "23505", "23502", "23503"}
"""A policy's check, the database's, a key that is there, and what only a row that is there may lack."""

COMMON: dict[str, Any] = {
    "phases": [Phase.generate],
    "deadline": None,
    "suppress_health_check": list(HealthCheck),
    "max_examples": EXAMPLES,
    "derandomize": True,
}


def compare(stage: Stage, asked: tuple[str, str, Any, str], one_by_one: Callable[[], None]) -> bool:
    """Whether the request was carried out, after the comparison."""
    stage.reset()
    before = stage.rows()
    status, answer = stage.ask(*asked)
    at_once = stage.rows()
    stage.reset()
    reason = reason_of(one_by_one)
    assert (status < 400) == (reason is None), (asked, answer, reason)
    if reason is None:
        assert at_once == stage.rows(), asked
        return True
    # Of several reasons, one by one the first is told; all at once the database's come before the policy's.
    assert {answer["code"], reason} <= REASONS, (asked, answer, reason)
    assert at_once == before, asked
    return False


def reason_of(act: Callable[[], None]) -> str | None:
    """Why it was refused; None where it was not."""
    try:
        act()
    except Refused as refused:
        return str(refused.args[0]["code"])
    return None


def compare_inserts(stage: Stage, table: str, values: list[Any], prefer: str = "") -> bool:
    def one_by_one() -> None:
        writes = OneByOne(stage, prefer)
        for value in values:
            writes.write(table, value)

    return compare(stage, ("POST", table, values, prefer), one_by_one)


def compare_change(stage: Stage, table: str, key: int, value: Any) -> bool:
    def one_by_one() -> None:
        Merging(stage).change(table, {**value, "id": key}, {}, alone=False)

    return compare(stage, ("PATCH", f"{table}?id=eq.{key}", value, ""), one_by_one)


def test_nested_inserts_do_what_the_same_inserts_do_one_by_one(stage: Stage) -> None:
    outcomes = {True: 0, False: 0}

    @settings(**COMMON)
    @given(st.data())
    def run(data: Any) -> None:
        table = data.draw(st.sampled_from(list(WAYS)))
        if table == "castings":
            table = "films"
        inner = data.draw(levels(table, 3))
        numbers = itertools.count(1)
        values = [labelled(each, table, numbers, None) for each in data.draw(st.lists(inner, min_size=1, max_size=3))]
        outcomes[compare_inserts(stage, table, values)] += 1

    run()
    assert min(outcomes.values()) > EXAMPLES / 20, outcomes


def test_nested_upserts_do_what_the_same_upserts_do_one_by_one(stage: Stage) -> None:
    outcomes = {True: 0, False: 0}

    @settings(**COMMON)
    @given(st.data())
    def run(data: Any) -> None:
        table = data.draw(st.sampled_from(["studios", "directors", "films", "tags"]))
        inner = data.draw(levels(table, 3, keyed=True))
        numbers, ids = itertools.count(1), Ids(data)
        values = [labelled(each, table, numbers, ids) for each in data.draw(st.lists(inner, min_size=1, max_size=3))]
        outcomes[compare_inserts(stage, table, values, "resolution=merge-duplicates")] += 1

    run()
    assert min(outcomes.values()) > EXAMPLES / 20, outcomes


def test_nested_changes_do_what_the_same_changes_and_inserts_do_one_by_one(stage: Stage) -> None:
    outcomes = {True: 0, False: 0}

    @settings(**COMMON)
    @given(st.data())
    def run(data: Any) -> None:
        table, key = data.draw(st.sampled_from([("films", 1), ("films", 2), ("directors", 2), ("studios", 2)]))
        ids = Ids(data)
        ids.used.add((table, key))
        value = named(data.draw(changes(table, ids, 3, filled=frozenset({"id"}))), table, itertools.count(1))
        outcomes[compare_change(stage, table, key, value)] += 1

    run()
    assert min(outcomes.values()) > EXAMPLES / 20, outcomes
