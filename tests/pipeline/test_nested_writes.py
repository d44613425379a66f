"""Nested writes under a policy: what is hidden stays hidden, what one by one is refused is refused, keys are found."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import asyncpg
import pytest
from sqlalchemy import Column, FetchedValue, ForeignKey, Identity, Integer, Table, Text, func
from sqlalchemy.dialects.postgresql import JSONB, UUID
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from mainstay import Mainstay, claim
from mainstay.auth.issue import issue_token
from mainstay.core.exchange import Request
from mainstay.evolve.sync import create_missing

SECRET = "a secret that these tests share with nobody else"


class Base(DeclarativeBase):
    pass


class Club(Base):
    __tablename__ = "clubs"

    id: Mapped[str] = mapped_column(UUID(as_uuid=False), primary_key=True, server_default=func.gen_random_uuid())
    name: Mapped[str]
    code: Mapped[str | None] = mapped_column(unique=True)
    owner: Mapped[str | None]

    memberships: Mapped[list["Membership"]] = relationship(back_populates="club")
    safes: Mapped[list["Safe"]] = relationship(back_populates="club")
    halls: Mapped[list["Hall"]] = relationship(secondary="bookings", back_populates="clubs")


class Membership(Base):
    __tablename__ = "memberships"

    id: Mapped[int] = mapped_column(Identity(always=True), primary_key=True)
    club_id: Mapped[str] = mapped_column(ForeignKey("clubs.id"))
    person: Mapped[str]

    club: Mapped[Club] = relationship(back_populates="memberships")
    notes: Mapped[list["Note"]] = relationship(back_populates="membership")
    safes: Mapped[list["Safe"]] = relationship(back_populates="membership")


class Note(Base):
    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("memberships.id"))
    text: Mapped[str]

    membership: Mapped[Membership] = relationship(back_populates="notes")


class Safe(Base):
    """Nobody but the owner knows of it."""

    __tablename__ = "safes"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    club_id: Mapped[str | None] = mapped_column(ForeignKey("clubs.id"))
    membership_id: Mapped[int | None] = mapped_column(ForeignKey("memberships.id"))

    club: Mapped[Club] = relationship(back_populates="safes")
    membership: Mapped[Membership] = relationship(back_populates="safes")


bookings = Table(
    "bookings",
    Base.metadata,
    Column("id", Integer, Identity(), primary_key=True),
    Column("club_id", ForeignKey("clubs.id")),
    Column("hall_id", ForeignKey("halls.id")),
)


class Hall(Base):
    __tablename__ = "halls"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]

    clubs: Mapped[list[Club]] = relationship(secondary=bookings, back_populates="halls")


class Ticket(Base):
    """A trigger makes its key."""

    __tablename__ = "tickets"

    number: Mapped[str] = mapped_column(Text, FetchedValue(), primary_key=True)
    seats: Mapped[list["Seat"]] = relationship(back_populates="ticket")


class Seat(Base):
    __tablename__ = "seats"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    ticket_number: Mapped[str] = mapped_column(ForeignKey("tickets.number"))
    place: Mapped[str]

    ticket: Mapped[Ticket] = relationship(back_populates="seats")


class Profile(Base):
    """Whoever asks is its key."""

    __tablename__ = "profiles"

    person: Mapped[str] = mapped_column(primary_key=True)
    motto: Mapped[str]

    links: Mapped[list["Link"]] = relationship(back_populates="profile")


class Link(Base):
    __tablename__ = "links"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    person: Mapped[str] = mapped_column(ForeignKey("profiles.person"))
    url: Mapped[str]

    profile: Mapped[Profile] = relationship(back_populates="links")


class Paper(Base):
    """Its column is called as a relation of another table is."""

    __tablename__ = "papers"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    club_id: Mapped[str | None] = mapped_column(ForeignKey("clubs.id"))
    notes: Mapped[Any] = mapped_column(JSONB)


TRIGGER = """
CREATE FUNCTION number_ticket() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.number := 'T' || coalesce(NEW.number, '1'); RETURN NEW; END $$;
CREATE TRIGGER number_ticket BEFORE INSERT ON tickets FOR EACH ROW EXECUTE FUNCTION number_ticket();
"""


def made_app(**settings: Any) -> Mainstay:
    app = Mainstay(Base, jwt_secret=SECRET, lanes_read=1, lanes_write=1, **settings)
    owner = app.role("owner")
    for mapper in Base.registry.mappers:
        owner.may("all", mapper.class_, columns="*")
    owner.may("all", bookings, columns="*")
    person = app.role("person")
    own = Club.owner == claim.sub
    person.may("read", Club, columns=["id", "name"])
    person.may("read", Membership, columns="*")
    person.may("create", Club, columns=["name"], presets={"owner": claim.sub})
    person.may("update", Club, rows=own, columns=["name"])
    belongs = Membership.club.has(Club.memberships.any(Membership.person == claim.sub) | (Club.owner == claim.sub))
    person.may("create", Membership, columns=["club_id", "person"], check=belongs)
    person.may(["create", "read"], Note, columns="*", check=Note.membership.has(Membership.person == claim.sub))
    person.may(["create", "read"], Profile, columns=["person", "motto"], presets={"person": claim.sub})
    person.may(["create", "read"], Link, columns="*", check=Link.person == claim.sub)
    return app


class Answer(NamedTuple):
    status: int
    body: Any

    @property
    def code(self) -> Any:
        return self.body["code"]


class Stage:
    def __init__(self, url: str, **settings: Any) -> None:
        self.loop = asyncio.new_event_loop()
        self.app = made_app(database_url=url, **settings)
        self.connection: Any = self.run(asyncpg.connect(url))
        self.run(self.app.start())

    def run(self, coroutine: Any) -> Any:
        return self.loop.run_until_complete(coroutine)

    def close(self) -> None:
        self.run(self.app.stop())
        self.run(self.connection.close())
        self.loop.close()

    def ask(self, method: str, path: str, body: Any, who: str | None = "ann", prefer: str = "") -> Answer:
        response = self.run(self.app.handle(request(method, path, body, who, prefer)))
        return Answer(response.status, json.loads(response.body))

    def count(self, table: str) -> int:
        return int(self.run(self.connection.fetchval(f"SELECT count(*) FROM {table}")))


def request(method: str, path: str, body: Any, who: str | None = "ann", prefer: str = "") -> Request:
    claims = {"role": "owner"} if who is None else {"role": "person", "sub": who}
    headers = {
        "authorization": f"Bearer {issue_token(SECRET, claims)}",
        "prefer": f"return=representation,{prefer}",
        "content-type": "application/json",
    }
    table, _, query = path.partition("?")
    return Request(method, f"/rest/v1/{table}", query, headers, json.dumps(body).encode())


@pytest.fixture(scope="module")
def url(postgres: Any) -> str:
    url = str(postgres.create_database())

    async def set_up() -> None:
        connection = await asyncpg.connect(url)
        await create_missing(connection, [Base.metadata])
        await connection.execute(TRIGGER)
        await connection.close()

    asyncio.run(set_up())
    return url


@pytest.fixture(scope="module")
def stage(url: str) -> Iterator[Stage]:
    stage = Stage(url)
    yield stage
    stage.close()


@pytest.fixture
def small(url: str) -> Iterator[Stage]:
    stage = Stage(url, limits={"insert_rows_max": 4, "nested_max": 2, "depth_max": 2})
    yield stage
    stage.close()


def test_a_child_of_a_new_row_is_checked_against_that_row(stage: Stage) -> None:
    body = {"name": "chess", "memberships": [{"person": "ann", "notes": [{"text": "first"}]}]}
    answer = stage.ask("POST", "clubs?select=name,memberships(person,notes(text))", body)
    assert answer.body == [{"name": "chess", "memberships": [{"person": "ann", "notes": [{"text": "first"}]}]}]


def test_a_childs_broken_check_leaves_nothing_of_the_request(stage: Stage) -> None:
    clubs = stage.count("clubs")
    body = {"name": "chess", "memberships": [{"person": "bob", "notes": [{"text": "not ann's"}]}]}
    answer = stage.ask("POST", "clubs", body)
    assert (answer.status, answer.code) == (403, "42501")
    assert answer.body["details"] == "Or for one of the tables nested in it: memberships, notes"
    assert stage.count("clubs") == clubs


def test_a_row_is_no_witness_for_its_own_check(stage: Stage) -> None:
    """Membership takes a member. Whoever is not one may not become it by writing more along with it."""
    club = stage.ask("POST", "clubs?select=id", {"name": "closed", "owner": "bob"}, None).body[0]["id"]
    plain = {"club_id": club, "person": "ann"}
    assert stage.ask("POST", "memberships", plain).code == "42501"
    assert stage.ask("POST", "memberships", plain | {"notes": [{"text": "I am in"}]}).code == "42501"
    assert stage.ask("POST", "memberships", [plain | {"notes": [{"text": "x"}]}] * 2).code == "42501"
    assert stage.count(f"memberships WHERE club_id = '{club}'") == 0


def test_keys_come_from_identities_that_are_always_generated(stage: Stage) -> None:
    body = {"name": "go", "memberships": [{"person": "ann", "notes": [{"text": "a"}, {"text": "b"}]}]}
    body["memberships"].append({"person": "ann", "notes": [{"text": "c"}]})  # type: ignore[attr-defined]
    answer = stage.ask("POST", "clubs?select=memberships(id,notes(text,membership_id))", body)
    for membership in answer.body[0]["memberships"]:
        assert {note["membership_id"] for note in membership["notes"]} == {membership["id"]}
    assert [len(each["notes"]) for each in answer.body[0]["memberships"]] == [2, 1]


def test_a_key_that_the_policy_presets_ties_the_rows_below(stage: Stage) -> None:
    answer = stage.ask("POST", "profiles?select=person,links(url)", {"motto": "hm", "links": [{"url": "/a"}]}, "eve")
    assert answer.body == [{"person": "eve", "links": [{"url": "/a"}]}]


def test_a_key_that_a_trigger_makes_can_not_be_known(stage: Stage) -> None:
    answer = stage.ask("POST", "tickets", {"seats": [{"place": "A1"}]}, None)
    assert (answer.status, answer.code) == (400, "MS455")
    assert "'number' of 'tickets'" in answer.body["message"]


def test_a_key_that_a_trigger_changes_is_refused_by_the_foreign_key(stage: Stage) -> None:
    answer = stage.ask("POST", "tickets", {"number": "7", "seats": [{"place": "A1"}]}, None)
    assert answer.code == "23503"
    assert stage.count("tickets") == 0


def test_a_conflict_by_a_column_that_may_be_null_ties_no_rows(stage: Stage) -> None:
    body = {"name": "x", "code": "c", "memberships": [{"person": "ann"}]}
    answer = stage.ask("POST", "clubs?on_conflict=code", body, None, "resolution=merge-duplicates")
    assert (answer.status, answer.code) == (400, "MS455")


def test_what_is_merged_through_a_junction_needs_its_key(stage: Stage) -> None:
    body = {"name": "x", "halls": [{"name": "big"}]}
    assert stage.ask("POST", "clubs?select=halls(name)", body, None).body == [{"halls": [{"name": "big"}]}]
    there = {"id": "00000000-0000-4000-8000-000000000001", "name": "y", "halls": [{"id": 1, "name": "big"}]}
    merged = stage.ask("POST", "clubs", there, None, "resolution=merge-duplicates")
    changed = stage.ask("PATCH", "clubs?name=eq.x", {"halls": [{"name": "big"}]}, None)
    assert {(answer.status, answer.code) for answer in (merged, changed)} == {(400, "MS462")}


def test_a_merge_never_touches_a_row_that_the_role_may_not_change(stage: Stage) -> None:
    theirs = stage.ask("POST", "clubs?select=id", {"name": "theirs", "owner": "bob"}, None).body[0]["id"]
    answer = stage.ask("PATCH", f"clubs?id=eq.{theirs}", {"memberships": [{"person": "ann"}]})
    assert answer.code == "MS458"
    body = {"person": "ann", "club": {"id": theirs, "name": "mine"}}
    answer = stage.ask("POST", "memberships", body, prefer="resolution=merge-duplicates")
    assert answer.code == "42501"
    assert stage.count("clubs WHERE name = 'mine'") == 0


def shapes(key: str) -> dict[str, Any]:
    """Bodies that say the key in every way, whether it is a relation or not."""
    many = [{"id": number} for number in range(6)]
    return {
        "array": {"name": "x", key: [{"id": 1}]},
        "object": {"name": "x", key: {"id": 1}},
        "empty": {"name": "x", key: []},
        "null": {"name": "x", key: None},
        "number": {"name": "x", key: 1},
        "keys differ": {"name": "x", key: [{"id": 1}, {"x": 1}]},
        "forms differ": [{"name": "x", key: [{"id": 1}]}, {"name": "x", key: {"id": 1}}],
        "too many": {"name": "x", key: many},
        "too many, then others": {"name": "x", key: many, "memberships": [{"person": "ann"}]},
        "before an unknown key": {"name": "x", key: [{"id": 1}], "nonsense": 1},
        "behind an unknown key": {"name": "x", "nonsense": 1, key: [{"id": 1}]},
        "beside a relation": {"name": "x", "memberships": [{"person": "ann"}], key: [{"id": 1}]},
        "below a relation": {"name": "x", "memberships": [{"person": "ann", key: [{"id": 1}]}]},
        "below a relation that is wrong": {"name": "x", "memberships": [{"person": "ann", key: []}, {"person": "ann"}]},
        "with a hint": {"name": "x", f"{key}!club_id": [{"id": 1}]},
        "deep": {"name": "x", key: [{"club": {"memberships": [{"safes": [{"id": 1}]}]}}]},
    }


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT"])
@pytest.mark.parametrize("name", shapes(""))
def test_a_hidden_relation_is_answered_like_a_key_that_means_nothing(method: str, name: str, small: Stage) -> None:
    key = "00000000-0000-4000-8000-000000000001"
    hidden, unknown = (
        small.ask(method, "clubs" if method == "POST" else f"clubs?id=eq.{key}", shapes(word)[name])
        for word in ("safes", "sqfes")
    )
    assert hidden.status >= 400
    assert json.dumps(hidden).replace("safes", "sqfes") == json.dumps(unknown)


def test_the_owner_nests_what_others_can_not_see(stage: Stage) -> None:
    answer = stage.ask("POST", "clubs?select=safes(membership_id)", {"name": "x", "safes": [{}, {}]}, None)
    assert answer.body == [{"safes": [{"membership_id": None}] * 2}]


@pytest.mark.parametrize(
    ("rows", "code"), [([1, 1], None), ([1, 2], "MS444"), ([0, 2], None), ([3, 0], "MS444"), ([0, 0], None)]
)
def test_rows_are_counted_at_all_levels(rows: list[int], code: str | None, small: Stage) -> None:
    """Two clubs, with so many memberships each."""
    body = [{"name": "x", "memberships": [{"person": "ann"}] * number} for number in rows]
    answer = small.ask("POST", "clubs?select=name", body)
    assert (answer.code if answer.status >= 400 else None) == code


def test_relations_are_counted_at_all_levels(small: Stage) -> None:
    two: dict[str, Any] = {"name": "x", "memberships": [{"person": "ann", "notes": [{"text": "x"}]}]}
    assert small.ask("POST", "clubs", two, None).status == 201
    three = two | {"safes": []}
    answer = small.ask("POST", "clubs", three, None)
    assert (answer.status, answer.code) == (400, "MS460")


def test_levels_are_bounded(small: Stage) -> None:
    club: dict[str, Any] = {"name": "x"}
    body = {"text": "x", "membership": {"person": "ann", "club": club}}
    assert small.ask("POST", "notes", body, None).status == 201
    club["safes"] = [{}]
    answer = small.ask("POST", "notes", body, None)
    assert (answer.status, answer.code) == (400, "MS403")


def test_json_columns_are_not_looked_inside(stage: Stage) -> None:
    shapes = set()
    for notes in ([{"a": 1}], {"b": [{"c": {}}]}, [{"d": 1}, {"e": 2}], []):
        paper = request("POST", "papers?select=notes", {"notes": notes}, None)
        shapes.add(stage.app.parse(paper).shape)
        answer = stage.run(stage.app.handle(paper))
        assert json.loads(answer.body) == [{"notes": notes}]
    assert len(shapes) == 1


def test_a_json_column_below_a_relation_stays_a_column(stage: Stage) -> None:
    body = {"name": "x", "papers": [{"notes": [{"text": "of paper"}]}]}
    answer = stage.ask("POST", "clubs?select=papers(notes)", body, None)
    assert answer.body == [{"papers": [{"notes": [{"text": "of paper"}]}]}]


def test_a_key_that_columns_leaves_out_is_ignored(stage: Stage) -> None:
    notes = stage.count("notes")
    body = [{"name": "x", "memberships": [{"person": "ann", "notes": [{"text": "x"}]}]}]
    answer = stage.ask("POST", "clubs?columns=name&select=name,memberships(person)", body)
    assert answer.body == [{"name": "x", "memberships": []}]
    assert stage.count("notes") == notes


def test_one_form_of_request_is_parsed_once_and_another_tree_is_another_form(stage: Stage) -> None:
    def shape(body: Any) -> Any:
        return stage.app.parse(request("POST", "clubs", body)).shape

    one = shape({"name": "x", "memberships": [{"person": "ann"}]})
    assert shape({"name": "y", "memberships": [{"person": "bob"}, {"person": "eve"}]}) == one
    assert shape({"name": "y", "memberships": [{"person": "bob", "notes": []}]}) != one
    assert shape({"name": "y", "memberships": {"person": "bob"}}) != one
