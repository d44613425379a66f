"""A lending library's models, with a column of each type that SQLAlchemy has for every database, and its rules."""

import datetime
import decimal
import enum
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from mainstay import Mainstay, claim
from mainstay.auth.issue import issue_token

SECRET = "a secret of the library's, which is long enough"


class Base(DeclarativeBase):
    pass


class Shelf(enum.Enum):
    NEW = "NEW"
    OLD = "OLD"


book_topics = sa.Table(
    "book_topics",
    Base.metadata,
    sa.Column("book_id", sa.ForeignKey("books.id"), primary_key=True),
    sa.Column("topic_id", sa.ForeignKey("topics.id"), primary_key=True),
)


class Author(Base):
    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(sa.Text, unique=True)
    books: Mapped[list["Book"]] = relationship(back_populates="author")


class Topic(Base):
    __tablename__ = "topics"

    id: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str] = mapped_column(sa.Text)
    books: Mapped[list["Book"]] = relationship(secondary=book_topics, back_populates="topics")


class Book(Base):
    __tablename__ = "books"
    __table_args__ = (sa.CheckConstraint("pages > 0", name="books_have_pages"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(sa.Text)
    pages: Mapped[int | None]
    copies: Mapped[int | None] = mapped_column(sa.BigInteger)
    weight: Mapped[float | None] = mapped_column(sa.Double)
    price: Mapped[decimal.Decimal | None] = mapped_column(sa.Numeric(10, 2))
    lent: Mapped[bool | None]
    printed: Mapped[datetime.date | None]
    opens: Mapped[datetime.time | None]
    added: Mapped[datetime.datetime | None]
    seen: Mapped[datetime.datetime | None] = mapped_column(sa.DateTime(timezone=True))
    isbn: Mapped[uuid.UUID | None]
    notes: Mapped[Any] = mapped_column(sa.JSON(none_as_null=True), nullable=True)
    cover: Mapped[bytes | None] = mapped_column(sa.LargeBinary)
    shelf: Mapped[Shelf | None] = mapped_column(sa.Enum(Shelf, native_enum=False))
    keeper: Mapped[str | None] = mapped_column(sa.Text)
    author_id: Mapped[int | None] = mapped_column(sa.ForeignKey("authors.id"))

    author: Mapped[Author | None] = relationship(back_populates="books")
    topics: Mapped[list[Topic]] = relationship(secondary=book_topics, back_populates="books")


ROWS: list[tuple[Any, list[dict[str, Any]]]] = [
    (
        Author.__table__,
        [{"id": 1, "name": 'Ada "the" Winter'}, {"id": 2, "name": "Bö 🎬"}, {"id": 3, "name": "nobody\nelse"}],
    ),
    (Topic.__table__, [{"id": 1, "label": "sea"}, {"id": 2, "label": "ice"}, {"id": 3, "label": ""}]),
    (
        Book.__table__,
        [
            {
                "id": 1,
                "title": "The Long Pier",
                "pages": 320,
                "copies": 9_007_199_254_740_993,
                "weight": 0.30000000000000004,
                "price": decimal.Decimal("10.50"),
                "lent": True,
                "printed": datetime.date(1961, 2, 28),
                "opens": datetime.time(8, 30, 0, 250_000),
                "added": datetime.datetime(2024, 2, 29, 10, 0, 0, 120_000),
                "seen": datetime.datetime(2024, 2, 29, 10, 0, 0, tzinfo=datetime.UTC),
                "isbn": uuid.UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
                "notes": {"read": True, "by": ["ann", None, 2], "in": {"a": "x"}},
                "cover": b"\x00\xff'",
                "shelf": Shelf.OLD,
                "keeper": "ann",
                "author_id": 1,
            },
            {
                "id": 2,
                "title": "100% _ice_ \\",
                "weight": 1e21,
                "price": decimal.Decimal("-3.00"),
                "lent": False,
                "keeper": "bob",
                "author_id": 2,
            },
            {"id": 3, "title": "", "pages": 1, "copies": -1, "weight": 100.0, "notes": "a text", "keeper": "ann"},
            {"id": 4, "title": "Zebra ünd 🦓", "weight": -0.1, "notes": [], "shelf": Shelf.NEW, "author_id": None},
            {"id": 5, "title": "x" * 100_000, "pages": 320, "keeper": "cy", "author_id": 2},
        ],
    ),
    (book_topics, [{"book_id": 1, "topic_id": 1}, {"book_id": 1, "topic_id": 2}, {"book_id": 4, "topic_id": 2}]),
]


def library(url: str) -> Mainstay:
    app = Mainstay(Base, database_url=url, anonymous_role="guest", jwt_secret=SECRET)
    guest = app.role("guest")
    guest.may("read", Author, columns="*")
    guest.may("read", Topic, columns="*")
    guest.may("read", Book, columns=["id", "title", "pages", "author_id"], rows=Book.lent.is_not(True))
    keeper = app.role("keeper")
    for model in (Author, Topic):
        keeper.may("read", model, columns="*")
        keeper.may("create", model, columns="*")
    keeper.may("read", Book, columns="*", rows=Book.keeper.is_distinct_from("cy"))
    keeper.may("read", book_topics, columns="*")
    keeper.may("create", Book, columns="*", check=Book.keeper == claim.sub)
    keeper.may("update", Book, columns="*", rows=Book.keeper == claim.sub, check=Book.pages < 1000)
    keeper.may("delete", Book, rows=Book.keeper == claim.sub)
    return app


ANN = issue_token(SECRET, {"role": "keeper", "sub": "ann"})
