"""The tables of the property tests: every kind of relation, nullable everything, and no foreign key that holds.

Constraints are declared and never created, so that rows may point nowhere.
"""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Date, ForeignKey, ForeignKeyConstraint, Integer, Numeric, Table, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from sqlalchemy.schema import CreateTable

from mainstay.core.catalog import TableKey
from mainstay.reflect.models import reflect_models


class Base(DeclarativeBase):
    pass


order_tags = Table(
    "order_tags",
    Base.metadata,
    Column("store_id", Integer, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("tag_id", Integer, ForeignKey("tags.id", name="order_tags_tag"), primary_key=True),
    Column("weight", Integer),
    ForeignKeyConstraint(["store_id", "number"], ["orders.store_id", "orders.number"], name="order_tags_order"),
)


class Region(Base):
    __tablename__ = "regions"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str | None] = mapped_column(Text)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("regions.id", name="regions_parent"))
    open: Mapped[bool | None]

    parent: Mapped["Region | None"] = relationship(remote_side=[id], back_populates="children")
    children: Mapped[list["Region"]] = relationship(back_populates="parent")
    stores: Mapped[list["Store"]] = relationship(back_populates="region", foreign_keys="Store.region_id")


class Store(Base):
    __tablename__ = "stores"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    region_id: Mapped[int | None] = mapped_column(ForeignKey("regions.id", name="stores_region"))
    return_region_id: Mapped[int | None] = mapped_column(ForeignKey("regions.id", name="stores_return_region"))
    owner: Mapped[str | None] = mapped_column(Text)
    level: Mapped[int | None]
    rating: Mapped[Decimal | None] = mapped_column(Numeric)
    open: Mapped[bool | None]

    region: Mapped["Region | None"] = relationship(back_populates="stores", foreign_keys=[region_id])
    return_region: Mapped["Region | None"] = relationship(foreign_keys=[return_region_id])
    orders: Mapped[list["Order"]] = relationship(back_populates="store")


class Order(Base):
    __tablename__ = "orders"
    __table_args__ = (
        ForeignKeyConstraint(["store_id", "after"], ["orders.store_id", "orders.number"], name="orders_previous"),
    )
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id", name="orders_store"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    after: Mapped[int | None] = mapped_column()
    customer: Mapped[str | None] = mapped_column(Text)
    amount: Mapped[int | None]
    price: Mapped[Decimal | None] = mapped_column(Numeric)
    paid: Mapped[bool | None]
    day: Mapped[date | None] = mapped_column(Date)
    doc: Mapped[Any] = mapped_column(JSONB, nullable=True)
    labels: Mapped[list[str] | None] = mapped_column(ARRAY(Text))

    store: Mapped["Store | None"] = relationship(back_populates="orders", foreign_keys=[store_id])
    previous: Mapped["Order | None"] = relationship(
        foreign_keys=[store_id, after], remote_side=[store_id, number], back_populates="following", viewonly=True
    )
    following: Mapped[list["Order"]] = relationship(
        foreign_keys=[store_id, after], back_populates="previous", viewonly=True
    )
    tags: Mapped[list["Tag"]] = relationship(secondary=order_tags, back_populates="orders")


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str | None] = mapped_column(Text)
    weight: Mapped[int | None]
    orders: Mapped[list["Order"]] = relationship(secondary=order_tags, back_populates="tags")


CATALOG = reflect_models(Base)
MODELS: dict[TableKey, Any] = {
    TableKey("public", "regions"): Region,
    TableKey("public", "stores"): Store,
    TableKey("public", "orders"): Order,
    TableKey("public", "tags"): Tag,
    TableKey("public", "order_tags"): order_tags,
}


def table_statements() -> list[str]:
    """CREATE TABLE for each table, without its foreign keys."""
    dialect = postgresql.dialect()
    tables = Base.metadata.sorted_tables
    return [str(CreateTable(table, include_foreign_key_constraints=[]).compile(dialect=dialect)) for table in tables]
