"""Columns: what an insert may leave out, what no write may name, and what classes compute."""

import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.hybrid import hybrid_method, hybrid_property
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    aliased,
    column_property,
    mapped_column,
    query_expression,
    relationship,
)
from sqlalchemy.sql import visitors

from mainstay.core.catalog import Column, Kind, Table, TableKey
from mainstay.core.problem import DeclarationError
from mainstay.reflect.models import reflect_models
from mainstay.reflect.types import DIALECT


class Base(DeclarativeBase):
    pass


class Film(Base):
    __tablename__ = "film"
    __table_args__ = (
        sa.UniqueConstraint("title", "released"),
        sa.Index("film_code", "code", unique=True),
        sa.Index("film_open", "released", unique=True, postgresql_where=sa.text("released IS NULL")),
        sa.Index("film_lower", sa.text("lower(title)"), unique=True),
        {"comment": "What was shown."},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(comment="As on the poster.")
    name: Mapped[str] = mapped_column("original_title")
    released: Mapped[int | None]
    code: Mapped[str]
    slug: Mapped[str] = mapped_column(unique=True)
    made: Mapped[int] = mapped_column(server_default="0")
    seen: Mapped[int] = mapped_column(default=7)
    token: Mapped[uuid.UUID] = mapped_column(default=uuid.uuid4)
    twice: Mapped[int] = mapped_column(sa.Computed("made * 2"))
    serial: Mapped[int] = mapped_column(sa.Identity())
    counter: Mapped[int] = mapped_column(sa.Identity(always=True))
    filled: Mapped[int] = mapped_column(server_default=sa.FetchedValue())
    plot: Mapped[str] = mapped_column(sa.Text, deferred=True)
    label: Mapped[str] = column_property(title + " (film)")
    extra: Mapped[int] = query_expression()
    secret: Mapped[int] = column_property(sa.select(sa.func.count()).scalar_subquery(), info={"mainstay": False})

    @hybrid_property
    def loud(self) -> str:
        """The name, in capitals."""
        return sa.func.upper(self.name)

    @hybrid_property
    def length(self) -> "int | None":
        return sa.func.length(self.title)

    @hybrid_property
    def old(self) -> bool:
        return self.released < 1960

    @hybrid_property
    def original_title(self) -> str:
        return self.name

    @hybrid_method
    def after(self, year: int) -> bool:
        return self.released > year

    @property
    def shout(self) -> str:
        return self.title + "!"


@pytest.fixture(scope="module")
def film() -> Table:
    return reflect_models(Base).tables[TableKey("public", "film")]


def test_columns_have_the_databases_names_in_order_of_declaration(film: Table) -> None:
    stored = [name for name, column in film.columns.items() if column.expression is None]
    names = "id title original_title released code slug made seen token twice serial counter filled plot"
    assert stored == names.split()


OPTIONAL = {
    "id": True,  # serial
    "title": False,
    "released": True,  # nullable
    "made": True,  # server default
    "seen": False,  # a Python-side default never reaches the database
    "token": False,
    "twice": True,  # computed
    "serial": True,  # identity
    "counter": True,
    "filled": True,  # a trigger, as the model says
}


@pytest.mark.parametrize("name", OPTIONAL)
def test_an_insert_may_leave_out_what_the_database_fills_in(name: str, film: Table) -> None:
    assert film.columns[name].optional is OPTIONAL[name]


def test_only_what_the_database_always_makes_is_generated(film: Table) -> None:
    generated = {name for name, column in film.columns.items() if column.generated and column.expression is None}
    assert generated == {"twice", "counter"}


def test_nullable_is_the_columns_own(film: Table) -> None:
    assert [name for name, column in film.columns.items() if column.nullable and column.expression is None] == [
        "released",
    ]


def test_keys_and_unique_columns_are_known_but_not_partial_or_computed_indexes(film: Table) -> None:
    assert film.primary_key == ("id",)
    assert set(film.unique) == {("title", "released"), ("code",), ("slug",)}


def test_comments_travel(film: Table) -> None:
    assert film.comment == "What was shown."
    assert film.columns["title"].comment == "As on the poster."
    assert film.columns["loud"].comment == "The name, in capitals."


EXPRESSIONS = {
    "label": (Kind.TEXT, "film.title || ' (film)'"),
    "loud": (Kind.TEXT, "upper(film.original_title)"),
    "length": (Kind.INTEGER, "length(film.title)"),
    "old": (Kind.BOOLEAN, "film.released < 1960"),
}


def computed(column: Column) -> str:
    expression = column.expression
    assert isinstance(expression, sa.ColumnElement)
    return str(expression.compile(dialect=DIALECT, compile_kwargs={"literal_binds": True}))


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_what_a_class_computes_is_a_generated_column_with_its_type_and_sql(name: str, film: Table) -> None:
    column = film.columns[name]
    assert (column.type.kind, computed(column)) == EXPRESSIONS[name]
    assert column.generated
    assert column.optional


def test_an_expression_is_over_the_tables_own_columns_and_no_longer_the_orms(film: Table) -> None:
    expression = film.columns["loud"].expression
    assert isinstance(expression, sa.ColumnElement)
    (column,) = (part for part in visitors.iterate(expression) if isinstance(part, sa.Column))
    assert column is Film.__table__.c.original_title
    assert not sa.select(sa.func.jsonb_build_object("loud", expression))._propagate_attrs


def test_what_is_hidden_or_only_pythons_is_no_column(film: Table) -> None:
    assert not {"secret", "extra", "after", "shout", "name"} & film.columns.keys()


def test_a_hybrid_of_a_mixin_is_on_each_class_that_has_it() -> None:
    class Root(DeclarativeBase):
        pass

    class Named:
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

        @hybrid_property
        def size(self) -> int:
            return sa.func.length(self.name, type_=sa.Integer)

    class Cat(Named, Root):
        __tablename__ = "cat"

    class Dog(Named, Root):
        __tablename__ = "dog"

    catalog = reflect_models(Root)
    assert [computed(table.columns["size"]) for table in catalog.tables.values()] == [
        "length(cat.name)",
        "length(dog.name)",
    ]


def test_classes_of_one_table_share_its_columns_and_computed_ones_appear_once() -> None:
    class Root(DeclarativeBase):
        pass

    class Staff(Root):
        __tablename__ = "staff"
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "staff"}
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str]

        @hybrid_property
        def is_boss(self) -> bool:
            return self.kind == "boss"

    class Sworn:
        @hybrid_property
        def is_sworn(self) -> bool:
            return self.kind != "temp"

    class Boss(Sworn, Staff):
        __mapper_args__ = {"polymorphic_identity": "boss"}
        car: Mapped[str | None]

    class Clerk(Sworn, Staff):
        __mapper_args__ = {"polymorphic_identity": "clerk"}
        desk: Mapped[str | None]

    (staff,) = reflect_models(Root).tables.values()
    assert [*staff.columns] == ["id", "kind", "car", "desk", "is_boss", "is_sworn"]


def test_each_table_of_joined_classes_has_its_own_columns() -> None:
    class Root(DeclarativeBase):
        pass

    class Asset(Root):
        __tablename__ = "asset"
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "asset"}
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str]
        price: Mapped[int]

        @hybrid_property
        def dear(self) -> bool:
            return self.price > 100

    class Car(Asset):
        __tablename__ = "car"
        __mapper_args__ = {"polymorphic_identity": "car"}
        id: Mapped[int] = mapped_column(sa.ForeignKey("asset.id"), primary_key=True)
        wheels: Mapped[int]

    asset, car = reflect_models([Car]).tables.values()
    assert [*asset.columns] == ["id", "kind", "price", "dear"]
    assert [*car.columns] == ["id", "wheels"]
    assert not car.columns["id"].optional


def failing(body: dict[str, object]) -> type:
    """A model with these attributes, in a registry of its own."""

    class Root(DeclarativeBase):
        pass

    class Parent(Root):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

    own = {
        "__tablename__": "film",
        "id": mapped_column(sa.Integer, primary_key=True),
        "title": mapped_column(sa.Text),
        "parent_id": mapped_column(sa.ForeignKey("parent.id")),
        "parent": relationship(Parent),
    }
    return type("Film", (Root,), own | body)


REFUSED_HYBRIDS = {
    "a choice made in Python": (lambda self: "old" if self.id else "new", "gives no SQL expression"),
    "a constant": (lambda self: 5, "gives no SQL expression"),
    "an error": (lambda self: self.nothing, "gives no SQL expression"),
    "another table's column": (lambda self: self.parent.name, "gives no SQL expression"),
    "a subquery": (
        lambda self: sa.select(sa.func.count()).where(aliased(self).id > self.id).scalar_subquery(),
        "selects from a table of its own",
    ),
    "a related row": (lambda self: self.parent.has(name="x"), "selects from a table of its own"),
    "many rows": (lambda self: sa.func.max(self.id), "computes over many rows"),
    "a window": (lambda self: sa.func.row_number().over(order_by=self.id), "computes over many rows"),
    "no type": (lambda self: sa.func.soundex(self.title), "its type has no name"),
}


@pytest.mark.parametrize("case", REFUSED_HYBRIDS)
def test_a_hybrid_that_needs_more_than_its_row_is_refused_by_name(case: str) -> None:
    function, what = REFUSED_HYBRIDS[case]
    with pytest.raises(DeclarationError, match=what) as caught:
        reflect_models(failing({"worth": hybrid_property(function)}))
    assert caught.value.where == "Film.worth"
    assert caught.value.hint


def test_a_refused_hybrid_can_be_kept_out() -> None:
    hybrid = hybrid_property(lambda self: 5)
    hybrid.info["mainstay"] = False
    film, *_ = reflect_models(failing({"worth": hybrid})).tables.values()
    assert "worth" not in film.columns


def test_a_computed_column_may_not_hide_a_stored_one() -> None:
    attributes = {"other": mapped_column("worth", sa.Integer), "worth": hybrid_property(lambda self: self.id + 1)}
    with pytest.raises(DeclarationError, match="has a column 'worth' already"):
        reflect_models(failing(attributes))
