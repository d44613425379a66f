"""Relations that models name: whatever a relationship is, its pairs, its direction and its constraint are found."""

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.orm import DeclarativeBase, Mapped, aliased, foreign, mapped_column, relationship, remote
from sqlalchemy.schema import CreateTable
from sqlmodel import Field, Relationship, SQLModel

from mainstay.core.catalog import Catalog, Junction, Relation, TableKey
from mainstay.core.problem import DeclarationError
from mainstay.reflect.keys import default_name
from mainstay.reflect.models import reflect_models
from mainstay.reflect.types import DIALECT
from services.postgres import Postgres


class Base(DeclarativeBase):
    metadata = sa.MetaData(schema="shop")


film_tag = sa.Table(
    "film_tag",
    Base.metadata,
    sa.Column("film_id", sa.ForeignKey("shop.film.id"), primary_key=True),
    sa.Column("tag_id", sa.ForeignKey("shop.tag.id", name="which_tag"), primary_key=True),
)


class Person(Base):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    boss_id: Mapped[int | None] = mapped_column(sa.ForeignKey("shop.person.id"))
    boss: Mapped["Person | None"] = relationship(remote_side=[id], back_populates="reports")
    reports: Mapped[list["Person"]] = relationship(back_populates="boss")
    directed: Mapped[list["Film"]] = relationship(foreign_keys="Film.director_id", back_populates="director")
    passport: Mapped["Passport"] = relationship(back_populates="person")


class Passport(Base):
    __tablename__ = "passport"
    person_id: Mapped[int] = mapped_column(sa.ForeignKey("shop.person.id"), primary_key=True)
    person: Mapped[Person] = relationship(back_populates="passport")


class Film(Base):
    __tablename__ = "film"
    id: Mapped[int] = mapped_column(primary_key=True)
    director_id: Mapped[int] = mapped_column("made_by", sa.ForeignKey("shop.person.id", name="film_director"))
    writer_id: Mapped[int] = mapped_column(sa.ForeignKey("shop.person.id"))
    country: Mapped[str]
    director: Mapped[Person] = relationship(foreign_keys=[director_id], back_populates="directed")
    writer: Mapped[Person] = relationship(foreign_keys=[writer_id], backref="written")
    tags: Mapped[list["Tag"]] = relationship(secondary=film_tag, back_populates="films")
    tag_names: AssociationProxy[list[str]] = association_proxy("tags", "name")
    prints: Mapped[list["Print"]] = relationship(
        primaryjoin=lambda: Film.id == foreign(Print.film_code), viewonly=True, order_by="Print.number"
    )
    rivals: Mapped[list["Film"]] = relationship(
        primaryjoin=lambda: sa.and_(
            Film.country == remote(foreign(Film.country)), Film.writer_id == remote(foreign(Film.writer_id))
        ),
        viewonly=True,
    )
    popular: Mapped[list["Tag"]] = relationship(
        secondary=film_tag,
        secondaryjoin=lambda: sa.and_(Tag.id == film_tag.c.tag_id, Tag.name == "x"),
        viewonly=True,
        info={"mainstay": False},
    )


class Tag(Base):
    __tablename__ = "tag"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    films: Mapped[list[Film]] = relationship(secondary=film_tag, back_populates="tags")


class Print(Base):
    """No foreign key: what it says of its film may be of none."""

    __tablename__ = "print"
    number: Mapped[int] = mapped_column(primary_key=True)
    film_code: Mapped[int]
    film: Mapped[Film] = relationship(primaryjoin=lambda: foreign(Print.film_code) == Film.id, viewonly=True)


class Room(Base):
    __tablename__ = "room"
    house: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    shows: Mapped[list["Show"]] = relationship(back_populates="room")


class Show(Base):
    __tablename__ = "show"
    __table_args__ = (sa.ForeignKeyConstraint(["in_house", "in_room"], ["shop.room.house", "shop.room.number"]),)
    id: Mapped[int] = mapped_column(primary_key=True)
    in_house: Mapped[str]
    in_room: Mapped[int]
    room: Mapped[Room] = relationship(back_populates="shows")


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return reflect_models(Base)


def named(catalog: Catalog, table: str, name: str) -> Relation:
    (found,) = (relation for relation in catalog.tables[key(table)].relations if relation.name == name)
    return found


def key(name: str) -> TableKey:
    return TableKey("shop", name)


RELATIONS = {
    # name: (target, to one, pairs, constraint, outgoing)
    "film.director": ("person", True, (("made_by", "id"),), "film_director", True),
    "film.writer": ("person", True, (("writer_id", "id"),), "film_writer_id_fkey", True),
    "person.directed": ("film", False, (("id", "made_by"),), "film_director", False),
    "person.written": ("film", False, (("id", "writer_id"),), "film_writer_id_fkey", False),
    "person.boss": ("person", True, (("boss_id", "id"),), "person_boss_id_fkey", True),
    "person.reports": ("person", False, (("id", "boss_id"),), "person_boss_id_fkey", False),
    "person.passport": ("passport", True, (("id", "person_id"),), "passport_person_id_fkey", False),
    "passport.person": ("person", True, (("person_id", "id"),), "passport_person_id_fkey", True),
    "show.room": ("room", True, (("in_house", "house"), ("in_room", "number")), "show_in_house_in_room_fkey", True),
    "room.shows": ("show", False, (("house", "in_house"), ("number", "in_room")), "show_in_house_in_room_fkey", False),
    "print.film": ("film", True, (("film_code", "id"),), None, True),
    "film.prints": ("print", False, (("id", "film_code"),), None, False),
    "film.rivals": ("film", False, (("country", "country"), ("writer_id", "writer_id")), None, False),
}


@pytest.mark.parametrize("path", RELATIONS)
def test_a_relationship_becomes_a_relation(path: str, catalog: Catalog) -> None:
    table, name = path.split(".")
    target, to_one, pairs, constraint, outgoing = RELATIONS[path]
    assert named(catalog, table, name) == Relation(
        name, key(table), key(target), to_one=to_one, pairs=pairs, constraint=constraint, outgoing=outgoing
    )


def test_a_many_to_many_relationship_joins_through_its_junction(catalog: Catalog) -> None:
    assert named(catalog, "film", "tags") == Relation(
        "tags",
        key("film"),
        key("tag"),
        to_one=False,
        junction=Junction(
            key("film_tag"), (("id", "film_id"),), (("id", "tag_id"),), "film_tag_film_id_fkey", "which_tag"
        ),
        outgoing=False,
    )
    assert named(catalog, "tag", "films").junction == Junction(
        key("film_tag"), (("id", "tag_id"),), (("id", "film_id"),), "which_tag", "film_tag_film_id_fkey"
    )


def test_what_is_no_relationship_or_hidden_is_no_relation(catalog: Catalog) -> None:
    names = {relation.name for relation in catalog.tables[key("film")].relations}
    assert names == {"director", "writer", "tags", "prints", "rivals", None}


def test_a_foreign_key_that_a_relationship_covers_has_no_second_relation(catalog: Catalog) -> None:
    unnamed = {
        (source.name, relation.target.name, relation.to_one)
        for source, table in catalog.tables.items()
        for relation in table.relations
        if relation.name is None
    }
    assert unnamed == {
        ("film", "film_tag", False),
        ("film_tag", "film", True),
        ("film_tag", "tag", True),
        ("tag", "film_tag", False),
    }


def test_a_relation_to_a_class_that_is_not_handed_over_is_left_out() -> None:
    catalog = reflect_models([Show])
    assert [*catalog.tables] == [key("show")]
    assert catalog.tables[key("show")].relations == ()


def test_a_junction_comes_along_with_the_classes_it_joins() -> None:
    catalog = reflect_models([Film, Tag])
    assert [*catalog.tables] == [key("film"), key("film_tag"), key("tag")]


def test_sqlmodels_relationships_are_read() -> None:
    class Team(SQLModel, table=True):
        id: int | None = Field(default=None, primary_key=True)
        heroes: list["Hero"] = Relationship(back_populates="team")

    class Hero(SQLModel, table=True):
        id: int | None = Field(default=None, primary_key=True)
        name: str = Field(index=True, unique=True, max_length=20)
        team_id: int | None = Field(default=None, foreign_key="team.id")
        team: Team | None = Relationship(back_populates="heroes")

    for models in (SQLModel, [Team, Hero]):
        tables = reflect_models(models).tables
        hero = tables[TableKey("public", "hero")]
        assert hero.columns["id"].optional
        assert hero.columns["name"].type.name == "VARCHAR"
        assert hero.unique == (("name",),)
        assert [(relation.name, relation.pairs) for relation in hero.relations] == [("team", (("team_id", "id"),))]
        assert [relation.name for relation in tables[TableKey("public", "team")].relations] == ["heroes"]


def test_a_naming_convention_gives_a_constraint_its_name() -> None:
    class Root(DeclarativeBase):
        metadata = sa.MetaData(naming_convention={"fk": "fk_%(table_name)s_%(column_0_name)s"})

    class Parent(Root):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Child(Root):
        __tablename__ = "Child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int] = mapped_column(sa.ForeignKey("parent.id"))

    child = reflect_models(Root).tables[TableKey("public", "Child")]
    assert child.relations[0].constraint == "fk_Child_parent_id"


LONG = "a_very_long_name_that_goes_on_and_on_until_it_nearly_ends_here"

NAMES = [
    ("film", ["director_id"]),
    ("show", ["in_house", "in_room"]),
    (LONG, ["parent_id"]),
    ("child", [LONG]),
    (LONG, [LONG]),
    (LONG[:40], [LONG[:20], LONG[20:50]]),
    ("ü" * 30, ["ö" * 30]),
]


@pytest.mark.parametrize(("table", "columns"), NAMES)
def test_an_unnamed_constraint_is_called_what_postgresql_calls_it(
    table: str, columns: list[str], postgres: Postgres
) -> None:
    metadata = sa.MetaData()
    sa.Table("p", metadata, *(sa.Column(f"c{n}", sa.Integer, primary_key=True) for n in range(len(columns))))
    own = [sa.Column(name, sa.Integer) for name in columns]
    constraint = sa.ForeignKeyConstraint(columns, [f"p.c{n}" for n in range(len(columns))])
    sa.Table(table, metadata, *own, constraint)
    statements = [str(CreateTable(each).compile(dialect=DIALECT)) for each in metadata.sorted_tables]
    url = postgres.create_database(*statements)
    found = postgres.run("SELECT conname FROM pg_constraint WHERE contype = 'f'", url=url)
    assert found.strip() == default_name(table, columns)


def refused(body: dict[str, object]) -> DeclarationError:
    """The error for a class with these attributes beside others that are in order."""

    class Root(DeclarativeBase):
        pass

    class Worker(Root):
        __tablename__ = "worker"
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "worker"}
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str]
        firm_id: Mapped[int] = mapped_column(sa.ForeignKey("firm.id"))

    class Boss(Worker):
        __mapper_args__ = {"polymorphic_identity": "boss"}

    class Owner(Worker):
        __tablename__ = "owner"
        __mapper_args__ = {"polymorphic_identity": "owner"}
        id: Mapped[int] = mapped_column(sa.ForeignKey("worker.id"), primary_key=True)

    own = {
        "__tablename__": "firm",
        "id": mapped_column(sa.Integer, primary_key=True),
        "name": mapped_column(sa.Text),
    }
    made = {name: make(Worker, Boss, Owner) for name, make in body.items()}
    firm = type("Firm", (Root,), own | made)
    with pytest.raises(DeclarationError) as caught:
        reflect_models([Root, firm])
    return caught.value


REFUSED = {
    "a filter in the join": (
        lambda worker, boss, owner: relationship(
            worker, primaryjoin="and_(Firm.id == Worker.firm_id, Worker.kind == 'x')", viewonly=True
        ),
        "its join is more than columns that are equal",
    ),
    "another comparison": (
        lambda worker, boss, owner: relationship(
            worker, primaryjoin="Firm.id > foreign(Worker.firm_id)", viewonly=True
        ),
        "its join is more than columns that are equal",
    ),
    "an expression": (
        lambda worker, boss, owner: relationship(
            worker, primaryjoin="Firm.id == func.abs(foreign(Worker.firm_id))", viewonly=True
        ),
        "its join is more than columns that are equal",
    ),
    "either of two": (
        lambda worker, boss, owner: relationship(
            worker,
            primaryjoin="or_(Firm.id == foreign(Worker.firm_id), Firm.id == foreign(Worker.id))",
            viewonly=True,
        ),
        "its join is more than columns that are equal",
    ),
    "some rows of a shared table": (
        lambda worker, boss, owner: relationship(boss, viewonly=True),
        "only some rows of 'worker' are of class Boss",
    ),
    "some rows of a parent's table": (
        lambda worker, boss, owner: relationship(owner, viewonly=True),
        "only some rows of 'worker' are of class Owner",
    ),
    "a query": (lambda worker, boss, owner: to_query(worker), "one of its ends is not a single table"),
}


def to_query(worker: type) -> object:
    some = aliased(worker, sa.select(worker).where(worker.kind == "x").subquery())
    return relationship(some, primaryjoin=lambda: foreign(some.firm_id) == worker.registry._class_registry["Firm"].id)


@pytest.mark.parametrize("case", REFUSED)
def test_a_relationship_that_is_more_than_its_pairs_is_refused_by_name(case: str) -> None:
    make, what = REFUSED[case]
    error = refused({"staff": make})
    assert what in error.what
    assert error.where == "Firm.staff"
    assert "info={'mainstay': False}" in error.hint
