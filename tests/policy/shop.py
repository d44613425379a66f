"""A small shop: models with every kind of relation, and the Catalog that stands for them."""

import enum
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Computed,
    Date,
    DateTime,
    Enum,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import ARRAY, INTERVAL, JSONB
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from mainstay.core import catalog as nouns
from mainstay.core.catalog import Catalog, ColumnType, Junction, Kind, Relation, TableKey


class Base(DeclarativeBase):
    pass


class Status(enum.Enum):
    OPEN = "o"
    PAID = "p"


order_tags = Table(
    "order_tags",
    Base.metadata,
    Column("order_id", ForeignKey("orders.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
    Column("weight", Integer),
)


class Store(Base):
    __tablename__ = "stores"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[str] = mapped_column(Text)
    region: Mapped[str | None] = mapped_column(Text)
    orders: Mapped[list["Order"]] = relationship(back_populates="store", foreign_keys="Order.store_id")


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    orders: Mapped[list["Order"]] = relationship(secondary=order_tags, viewonly=True)


class Shelf(Base):
    __tablename__ = "shelves"
    __table_args__ = {"schema": "depot"}
    aisle: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    label: Mapped[str | None] = mapped_column(Text)


class Order(Base):
    __tablename__ = "orders"
    __table_args__ = (ForeignKeyConstraint(["aisle", "place"], ["depot.shelves.aisle", "depot.shelves.place"]),)
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[str] = mapped_column(Text)
    store_id: Mapped[int | None] = mapped_column(ForeignKey("stores.id"))
    return_store_id: Mapped[int | None] = mapped_column(ForeignKey("stores.id"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    aisle: Mapped[int | None] = mapped_column()
    place: Mapped[int | None] = mapped_column()
    note: Mapped[str | None] = mapped_column(Text)
    total: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    weight: Mapped[float | None] = mapped_column(Float)
    paid: Mapped[bool | None] = mapped_column(Boolean)
    status: Mapped[Status] = mapped_column(Enum(Status, name="status"))
    placed_on: Mapped[date | None] = mapped_column(Date)
    placed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    token: Mapped[UUID | None] = mapped_column(Uuid)
    doc: Mapped[Any] = mapped_column(JSONB)
    labels: Mapped[list[str]] = mapped_column(ARRAY(Text))
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    wait: Mapped[Any] = mapped_column(INTERVAL, nullable=True)
    gross: Mapped[Decimal] = mapped_column(Numeric, Computed("total * 1.2"))
    renamed: Mapped[str | None] = mapped_column("odd name", Text)

    store: Mapped[Store] = relationship(back_populates="orders", foreign_keys=[store_id])
    return_store: Mapped[Store] = relationship(foreign_keys=[return_store_id])
    parent: Mapped["Order"] = relationship(remote_side=[id], foreign_keys=[parent_id])
    children: Mapped[list["Order"]] = relationship(foreign_keys=[parent_id], viewonly=True)
    tags: Mapped[list[Tag]] = relationship(secondary=order_tags, viewonly=True)
    shelf: Mapped[Shelf] = relationship(foreign_keys=[aisle, place])

    @hybrid_property
    def summary(self) -> Any:
        return self.customer_id + self.note


KINDS: dict[str, ColumnType] = {
    "INTEGER": ColumnType(Kind.INTEGER, "integer"),
    "TEXT": ColumnType(Kind.TEXT, "text"),
    "NUMERIC": ColumnType(Kind.NUMERIC, "numeric"),
    "FLOAT": ColumnType(Kind.FLOAT, "double precision"),
    "BOOLEAN": ColumnType(Kind.BOOLEAN, "boolean"),
    "DATE": ColumnType(Kind.DATE, "date"),
    "TIMESTAMP": ColumnType(Kind.TIMESTAMP, "timestamp with time zone"),
    "DATETIME": ColumnType(Kind.TIMESTAMP, "timestamp with time zone"),
    "UUID": ColumnType(Kind.UUID, "uuid"),
    "JSONB": ColumnType(Kind.JSON, "jsonb"),
    "ARRAY": ColumnType(Kind.ARRAY, "text[]", element=ColumnType(Kind.TEXT, "text")),
    "ENUM": ColumnType(Kind.ENUM, "status", labels=("OPEN", "PAID")),
    "BLOB": ColumnType(Kind.BINARY, "bytea"),
    "LARGE_BINARY": ColumnType(Kind.BINARY, "bytea"),
    "INTERVAL": ColumnType(Kind.INTERVAL, "interval"),
}

ORDERS = TableKey("public", "orders")
STORES = TableKey("public", "stores")
TAGS = TableKey("public", "tags")
ORDER_TAGS = TableKey("public", "order_tags")
SHELVES = TableKey("depot", "shelves")
REPORT = TableKey("public", "report")

JUNCTION = Junction(ORDER_TAGS, (("id", "order_id"),), (("id", "tag_id"),))
TURNED = Junction(ORDER_TAGS, (("id", "tag_id"),), (("id", "order_id"),))

RELATIONS: dict[TableKey, tuple[Relation, ...]] = {
    ORDERS: (
        Relation("store", ORDERS, STORES, True, (("store_id", "id"),)),
        Relation("return_store", ORDERS, STORES, True, (("return_store_id", "id"),)),
        Relation("parent", ORDERS, ORDERS, True, (("parent_id", "id"),)),
        Relation("children", ORDERS, ORDERS, False, (("id", "parent_id"),), outgoing=False),
        Relation("tags", ORDERS, TAGS, False, junction=JUNCTION),
        Relation("shelf", ORDERS, SHELVES, True, (("aisle", "aisle"), ("place", "place"))),
    ),
    STORES: (Relation("orders", STORES, ORDERS, False, (("id", "store_id"),), outgoing=False),),
    TAGS: (Relation("orders", TAGS, ORDERS, False, junction=TURNED),),
    ORDER_TAGS: (Relation(None, ORDER_TAGS, ORDERS, True, (("order_id", "id"),)),),
}


def shop() -> Catalog:
    tables = {key_of(table): described(table) for table in Base.metadata.tables.values()}
    view = nouns.Table(REPORT, {"id": nouns.Column("id", KINDS["INTEGER"])}, writable=False)
    return Catalog({**tables, REPORT: view}, ("public", "depot"))


def key_of(table: Table) -> TableKey:
    return TableKey(table.schema or "public", table.name)


def described(table: Table) -> nouns.Table:
    key = key_of(table)
    columns = {column.name: described_column(column) for column in table.columns}
    if key == ORDERS:
        expression = Order.customer_id + Order.note
        columns["summary"] = nouns.Column("summary", KINDS["TEXT"], generated=True, expression=expression)
    primary_key = tuple(column.name for column in table.primary_key)
    return nouns.Table(key, columns, primary_key, relations=RELATIONS.get(key, ()))


def described_column(column: Column[Any]) -> nouns.Column:
    type = KINDS[column.type.__visit_name__.upper()]
    return nouns.Column(column.name, type, nullable=bool(column.nullable), generated=column.computed is not None)


def relation_index(table: TableKey, name: str) -> int:
    return next(index for index, relation in enumerate(RELATIONS[table]) if relation.name == name)
