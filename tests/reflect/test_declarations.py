"""What may be handed over, what is refused at start-up and how, and what the catalog says as a whole."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, declarative_base, mapped_column, registry, relationship
from sqlalchemy.schema import CreateView

from mainstay.core.catalog import TableKey
from mainstay.core.problem import DeclarationError
from mainstay.reflect.models import reflect_models


class Base(DeclarativeBase):
    pass


class Film(Base):
    __tablename__ = "film"
    id: Mapped[int] = mapped_column(primary_key=True)
    prints: Mapped[list["Print"]] = relationship(back_populates="film")


class Print(Base):
    __tablename__ = "print"
    __table_args__ = {"schema": "archive"}
    id: Mapped[int] = mapped_column(primary_key=True)
    film_id: Mapped[int] = mapped_column(sa.ForeignKey("film.id"))
    film: Mapped[Film] = relationship(back_populates="prints")


LOOSE = sa.Table("loose", sa.MetaData(), sa.Column("id", sa.Integer))

HANDED_OVER = {
    "a base": (Base, ["public.film", "archive.print"], {"prints", "film"}),
    "a registry": (Base.registry, ["public.film", "archive.print"], {"prints", "film"}),
    "a MetaData": (Base.metadata, ["public.film", "archive.print"], {None}),
    "a class": (Film, ["public.film"], set()),
    "classes": ([Print, Film], ["archive.print", "public.film"], {"prints", "film"}),
    "a mix": ((LOOSE, Base), ["public.loose", "public.film", "archive.print"], {"prints", "film"}),
    "twice the same": ([Base, Film, Base.metadata], ["public.film", "archive.print"], {"prints", "film"}),
}


@pytest.mark.parametrize("case", HANDED_OVER)
def test_models_come_in_many_ways(case: str) -> None:
    models, tables, names = HANDED_OVER[case]
    catalog = reflect_models(models)
    assert [str(key) for key in catalog.tables] == tables
    assert {relation.name for table in catalog.tables.values() for relation in table.relations} == names


def test_the_older_ways_to_declare_are_read_too() -> None:
    Old = declarative_base()
    mappers = registry()
    film = type("Film", (Old,), {"__tablename__": "film", "id": sa.Column(sa.Integer, primary_key=True)})
    plain = sa.Table("plain", mappers.metadata, sa.Column("id", sa.Integer, primary_key=True))
    mappers.map_imperatively(type("Plain", (), {}), plain)
    assert [key.name for key in reflect_models([Old, mappers, film]).tables] == ["film", "plain"]


@pytest.mark.parametrize("models", [None, 5, "film", [Film, "film"], object, dict])
def test_what_is_no_model_is_refused(models: object) -> None:
    with pytest.raises(DeclarationError, match="is no model"):
        reflect_models(models)


def test_public_comes_first_of_the_schemas() -> None:
    assert reflect_models([Print.__table__, Film.__table__]).schemas == ("public", "archive")
    assert reflect_models([Print]).schemas == ("archive",)
    assert reflect_models([]).schemas == ("public",)


def test_a_view_is_read_and_never_written() -> None:
    class Root(DeclarativeBase):
        pass

    class Person(Root):
        __tablename__ = "person"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

    made = CreateView(sa.select(Person.id, Person.name), "adult", metadata=Root.metadata)

    class Adult(Root):
        __table__ = made.table
        __mapper_args__ = {"primary_key": [made.table.c.id]}

    class Child(Root):
        __tablename__ = "child"
        __table_args__ = {"info": {"view": True}}
        id: Mapped[int] = mapped_column(primary_key=True)

    class Guest(Root):
        __table__ = sa.Table(
            "guest", Root.metadata, sa.Column("id", sa.Integer, primary_key=True), info={"is_view": True}
        )

    tables = {key.name: table for key, table in reflect_models(Root).tables.items()}
    assert {name: table.writable for name, table in tables.items()} == {
        "person": True,
        "adult": False,
        "child": False,
        "guest": False,
    }
    assert tables["adult"].primary_key == ("id",)
    assert tables["adult"].columns["name"].type.name == "VARCHAR"


def table(name: str, *columns: str, metadata: sa.MetaData | None = None, schema: str | None = None) -> sa.Table:
    return sa.Table(name, metadata or sa.MetaData(), *(sa.Column(each, sa.Integer) for each in columns), schema=schema)


REFUSED_TABLES = {
    "no columns": ([table("film")], "public.film", "has no columns"),
    "one name twice": ([table("film", "id"), table("film", "id", schema="public")], "public.film", "two tables"),
    "a route": ([table("rpc", "id")], "public.rpc", "is a path of the API"),
    "a slash": ([table("a/b", "id")], "public.a/b", "no path can name"),
    "a word of the URL's": ([table("film", "select")], "public.film.select", "a column can't be called 'select'"),
    "another": ([table("film", "on_conflict")], "public.film.on_conflict", "can't be called 'on_conflict'"),
    "a key to nowhere": (
        [sa.Table("film", sa.MetaData(), sa.Column("maker", sa.Integer, sa.ForeignKey("gone.id")))],
        "public.film",
        "a foreign key points nowhere",
    ),
}


@pytest.mark.parametrize("case", REFUSED_TABLES)
def test_a_table_that_can_not_be_served_is_refused_with_where_and_hint(case: str) -> None:
    models, where, what = REFUSED_TABLES[case]
    with pytest.raises(DeclarationError, match=what) as caught:
        reflect_models(models)
    assert caught.value.where == where
    assert caught.value.hint


def declared(**attributes: object) -> list[type[DeclarativeBase]]:
    """A class `Person`, and a class `Film` with these attributes that a person directs."""

    class Root(DeclarativeBase):
        pass

    class Person(Root):
        __tablename__ = "person"
        id: Mapped[int] = mapped_column(primary_key=True)

    own = {
        "__tablename__": "film",
        "id": mapped_column(sa.Integer, primary_key=True),
        "director_id": mapped_column(sa.ForeignKey("person.id")),
    }
    return [Person, type("Film", (Root,), own | attributes)]


def test_a_relation_and_a_column_of_one_name_are_refused() -> None:
    models = declared(name_of_director=mapped_column("director", sa.Text), director=relationship("Person"))
    with pytest.raises(DeclarationError, match="a relation and a column") as caught:
        reflect_models(models)
    assert caught.value.where == "public.film.director"


def test_a_relation_called_like_a_word_of_the_urls_is_refused() -> None:
    with pytest.raises(DeclarationError, match="a relation can't be called 'order'") as caught:
        reflect_models(declared(order=relationship("Person")))
    assert caught.value.where == "public.film.order"
    assert "info={'mainstay': False}" in caught.value.hint


def test_a_relation_that_is_kept_out_leaves_its_foreign_key() -> None:
    models = declared(order=relationship("Person", info={"mainstay": False}))
    (relation,) = reflect_models(models).tables[TableKey("public", "film")].relations
    assert (relation.name, relation.target.name) == (None, "person")


def test_reserved_names_are_a_parameter() -> None:
    models = declared(order=relationship("Person"))
    assert reflect_models(models, reserved=())
    with pytest.raises(DeclarationError, match="'director_id'"):
        reflect_models(declared(), reserved={"director_id"})


def test_two_classes_of_one_table_may_not_mean_two_things_by_one_name() -> None:
    class Root(DeclarativeBase):
        pass

    class Person(Root):
        __tablename__ = "person"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Work(Root):
        __tablename__ = "work"
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "work"}
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str]
        writer_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))
        editor_id: Mapped[int] = mapped_column(sa.ForeignKey("person.id"))

    class Book(Work):
        __mapper_args__ = {"polymorphic_identity": "book"}
        by: Mapped[Person] = relationship(foreign_keys=[Work.writer_id])

    class Magazine(Work):
        __mapper_args__ = {"polymorphic_identity": "magazine"}
        by: Mapped[Person] = relationship(foreign_keys=[Work.editor_id])

    with pytest.raises(DeclarationError, match="2 relations are called 'by'"):
        reflect_models(Root)


def test_models_that_sqlalchemy_can_not_configure_are_refused_with_its_words() -> None:
    with pytest.raises(DeclarationError, match="failed to locate a name") as caught:
        reflect_models(declared(director=relationship("Persn")))
    assert caught.value.where == "models"


def test_a_class_that_is_mapped_to_a_query_is_refused_where_it_is_asked_for() -> None:
    class Root(DeclarativeBase):
        pass

    class Person(Root):
        __tablename__ = "person"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Some(Root):
        __table__ = sa.select(Person.__table__).where(Person.__table__.c.id > 5).subquery()

    assert [key.name for key in reflect_models(Root).tables] == ["person"]
    with pytest.raises(DeclarationError, match="mapped to a query"):
        reflect_models([Some])


def test_the_version_changes_with_the_models() -> None:
    versions = {
        reflect_models(models).version
        for models in (
            declared(),
            declared(name=mapped_column(sa.Text)),
            declared(name=mapped_column(sa.String(10))),
            declared(director=relationship("Person")),
            declared(boss=relationship("Person")),
        )
    }
    assert len(versions) == 5


PROGRAM = """
import test_relations
import test_columns
from mainstay.reflect.models import reflect_models
print(reflect_models([test_relations.Base, test_columns.Base]).version)
"""


def test_two_processes_agree_on_the_version() -> None:
    paths = os.pathsep.join([str(Path(__file__).parents[level]) for level in (0, 1)] + sys.path)
    runs = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", PROGRAM],
            env={**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        for seed in ("1", "2", "3")
    ]
    assert len({run.stdout for run in runs}) == 1
    assert int(runs[0].stdout) > 0
