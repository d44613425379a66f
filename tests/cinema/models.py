"""Models that use every kind of relation and most of PostgreSQL's types."""

import datetime
import decimal
import enum
import uuid
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    LargeBinary,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    func,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, INT4RANGE, JSONB, TSVECTOR, Range
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Genre(enum.Enum):
    drama = "drama"
    comedy = "comedy"
    noir = "noir"


class Studio(Base):
    __tablename__ = "studios"
    __table_args__ = {"comment": "Who paid for it"}

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    country: Mapped[str | None] = mapped_column(String(2), comment="ISO 3166-1 alpha-2")

    films: Mapped[list["Film"]] = relationship(back_populates="studio")


class Director(Base):
    __tablename__ = "directors"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    born: Mapped[datetime.date | None]
    mentor_id: Mapped[int | None] = mapped_column(ForeignKey("directors.id"))

    mentor: Mapped["Director | None"] = relationship(remote_side=[id], back_populates="pupils")
    pupils: Mapped[list["Director"]] = relationship(back_populates="mentor")
    films: Mapped[list["Film"]] = relationship(back_populates="director")


film_tags = Table(
    "film_tags",
    Base.metadata,
    Column("film_id", ForeignKey("films.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True),
)


class Tag(Base):
    __tablename__ = "tags"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    label: Mapped[str] = mapped_column(Text, unique=True)

    films: Mapped[list["Film"]] = relationship(secondary=film_tags, back_populates="tags")


class Film(Base):
    __tablename__ = "films"
    __table_args__ = (
        CheckConstraint("year > 1880", name="films_year_check"),
        Index("films_by_director", "director_id"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    year: Mapped[int]
    genre: Mapped[Genre | None]
    rating: Mapped[decimal.Decimal | None] = mapped_column(Numeric(3, 1))
    gross: Mapped[int | None] = mapped_column(BigInteger)
    director_id: Mapped[int | None] = mapped_column(ForeignKey("directors.id"))
    studio_id: Mapped[int | None] = mapped_column(ForeignKey("studios.id"))
    published: Mapped[bool] = mapped_column(server_default=true())
    details: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    aliases: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    shown: Mapped[Range[int] | None] = mapped_column(INT4RANGE)
    words: Mapped[Any] = mapped_column(TSVECTOR, Computed("to_tsvector('english', title)", persisted=True))
    added_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())
    budget: Mapped[int | None] = mapped_column(comment="Nobody's business")

    director: Mapped[Director | None] = relationship(back_populates="films")
    studio: Mapped[Studio | None] = relationship(back_populates="films")
    tags: Mapped[list[Tag]] = relationship(secondary=film_tags, back_populates="films")
    reviews: Mapped[list["Review"]] = relationship(back_populates="film")
    castings: Mapped[list["Casting"]] = relationship(back_populates="film")
    trivia: Mapped["Trivia | None"] = relationship(back_populates="film")

    @hybrid_property
    def decade(self) -> int:
        return self.year - self.year % 10


class Trivia(Base):
    """One-to-one: its key is the film's."""

    __tablename__ = "trivia"

    film_id: Mapped[int] = mapped_column(ForeignKey("films.id"), primary_key=True)
    fact: Mapped[str] = mapped_column(Text)

    film: Mapped[Film] = relationship(back_populates="trivia")


class Actor(Base):
    __tablename__ = "actors"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text)

    castings: Mapped[list["Casting"]] = relationship(back_populates="actor")


class Casting(Base):
    """A junction with something to say for itself, and a composite key."""

    __tablename__ = "castings"

    film_id: Mapped[int] = mapped_column(ForeignKey("films.id"), primary_key=True)
    actor_id: Mapped[int] = mapped_column(ForeignKey("actors.id"), primary_key=True)
    part: Mapped[str] = mapped_column(Text)

    film: Mapped[Film] = relationship(back_populates="castings")
    actor: Mapped[Actor] = relationship(back_populates="castings")
    lines: Mapped[list["Line"]] = relationship(back_populates="casting")


class Line(Base):
    """A composite foreign key."""

    __tablename__ = "lines"
    __table_args__ = (
        ForeignKeyConstraint(["film_id", "actor_id"], ["castings.film_id", "castings.actor_id"], name="lines_casting"),
    )

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    film_id: Mapped[int]
    actor_id: Mapped[int]
    words: Mapped[str] = mapped_column(Text)

    casting: Mapped[Casting] = relationship(back_populates="lines")


class Member(Base):
    """Two foreign keys between the same two tables lead from screenings to members."""

    __tablename__ = "members"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, server_default=func.gen_random_uuid())
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text, unique=True)
    photo: Mapped[bytes | None] = mapped_column(LargeBinary)

    reviews: Mapped[list["Review"]] = relationship(back_populates="author")


class Review(Base):
    __tablename__ = "reviews"
    __table_args__ = (UniqueConstraint("film_id", "author_id", name="reviews_once"),)

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id"))
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id"))
    stars: Mapped[int]
    text: Mapped[str | None] = mapped_column(Text)
    public: Mapped[bool] = mapped_column(server_default=false())

    film: Mapped[Film] = relationship(back_populates="reviews")
    author: Mapped[Member] = relationship(back_populates="reviews")


class Screening(Base):
    __tablename__ = "screenings"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    film_id: Mapped[int] = mapped_column(ForeignKey("films.id"))
    host_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("members.id", name="screenings_host"))
    guest_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("members.id", name="screenings_guest"))
    starts_at: Mapped[datetime.datetime]
    length: Mapped[datetime.timedelta | None]


class Vault(Base):
    """Nobody but the owner knows that it exists."""

    __tablename__ = "vault"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    film_id: Mapped[int | None] = mapped_column(ForeignKey("films.id"))
    secret: Mapped[str] = mapped_column(Text)
