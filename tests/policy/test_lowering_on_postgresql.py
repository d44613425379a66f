"""A lowered condition holds of exactly the rows of which PostgreSQL says that SQLAlchemy's own expression holds.

Two independent readings of each expression meet here: SQLAlchemy's compiler with PostgreSQL, and `lower` with the
oracle. True, false and unknown are told apart, so that a negation around any of them means the same too.
"""

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    Integer,
    LargeBinary,
    Text,
    and_,
    cast,
    exists,
    false,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.schema import CreateSchema, CreateTable
from sqlalchemy.types import Enum

from mainstay.core.principal import Principal
from mainstay.policy.declare import claim
from mainstay.policy.lower import lower
from mainstay.policy.scope import Scope
from mainstay.testing.oracle import holds
from policy.shop import (
    ORDER_TAGS,
    ORDERS,
    SHELVES,
    STORES,
    TAGS,
    Base,
    Order,
    Shelf,
    Status,
    Store,
    Tag,
    order_tags,
    shop,
)
from services.postgres import Postgres

CATALOG = shop()
TABLE = CATALOG.tables[ORDERS]
PRINCIPAL = Principal("clerk", {"sub": "ann", "stores": [1, 3], "level": 2, "groups": ["red", "blue"], "like": "a%"})
CLAIMS = {
    "claim.sub": "'ann'",
    "claim.stores": "(1, 3)",
    "claim.level": "2",
    "claim.groups": "'{red,blue}'::text[]",
    "claim.like": "'a%'",
}
TOKEN = UUID("12345678-1234-5678-1234-567812345678")
NOON = datetime(2024, 5, 6, 12, 0, 0, tzinfo=UTC)


def made_up(count: int) -> Iterator[dict[str, Any]]:
    """Orders of few different values, so that conditions hold of some, with NULL among them."""
    random = Random(20240506)
    for id in range(1, count + 1):
        yield {
            "id": id,
            "customer_id": random.choice(["ann", "bob", "Ann", "a%b", "a_b", "a\\b"]),
            "store_id": random.choice([None, 1, 2, 3]),
            "return_store_id": random.choice([None, 1, 2]),
            "parent_id": random.choice([None, *range(1, id)][:4]),
            "aisle": random.choice([None, 1, 2]),
            "place": random.choice([None, 1, 2]),
            "note": random.choice([None, "", "x", "50%", "505", "ann", "A/B"]),
            "total": random.choice([Decimal("0.00"), Decimal("9.99"), Decimal("10.00"), Decimal("100.00")]),
            "weight": random.choice([None, 0.5, 1.0]),
            "paid": random.choice([None, True, False]),
            "status": random.choice(list(Status)),
            "placed_on": random.choice([None, date(2024, 5, 6), date(2024, 5, 7)]),
            "placed_at": random.choice([None, NOON, NOON + timedelta(hours=1)]),
            "token": random.choice([None, TOKEN]),
            "doc": random.choice([{}, {"a": {"b": "x"}}, {"a": {"b": 3}, "ok": True}, {"a": None, "l": ["x", 2]}]),
            "labels": random.choice([[], ["red"], ["red", "blue", "green"], ["blue", "blue"]]),
            "blob": random.choice([None, b"\x00\xff"]),
            "odd name": random.choice([None, "x"]),
        }


ROWS: dict[Any, list[dict[str, Any]]] = {
    STORES: [
        {"id": 1, "owner_id": "ann", "region": None},
        {"id": 2, "owner_id": "bob", "region": "north"},
        {"id": 3, "owner_id": "ann", "region": "x"},
    ],
    TAGS: [{"id": 1, "name": "new"}, {"id": 2, "name": "old"}],
    SHELVES: [{"aisle": 1, "place": 1, "label": "x"}, {"aisle": 2, "place": 1, "label": None}],
    ORDERS: list(made_up(40)),
}
ROWS[ORDER_TAGS] = [
    {"order_id": order, "tag_id": tag, "weight": (order * tag) % 4 or None}
    for order, tag in itertools.product(range(1, 41, 3), (1, 2))
    if (order + tag) % 4
]


def as_stored(row: dict[str, Any]) -> dict[str, Any]:
    """An order as the oracle has it: enums by label, and what the database computes."""
    if "customer_id" not in row:
        return row
    note = row["note"]
    summary = None if note is None else row["customer_id"] + note
    return {**row, "status": row["status"].name, "gross": row["total"] * Decimal("1.2"), "summary": summary}


DATABASE = {key: [as_stored(row) for row in rows] for key, rows in ROWS.items()}


class WrittenJson(JSONB):
    """JSON that can be written into a statement's text; SQLAlchemy has it as a parameter only."""

    def literal_processor(self, dialect: Any) -> Any:
        return lambda value: f"'{json.dumps(value)}'::jsonb"


class WrittenBinary(LargeBinary):
    def literal_processor(self, dialect: Any) -> Any:
        return lambda value: f"'\\x{value.hex()}'::bytea"


class WrittenArray(ARRAY[str]):
    def literal_processor(self, dialect: Any) -> Any:
        return lambda value: f"'{{{','.join(value)}}}'::text[]"


class Written(PGDialect):
    supports_statement_cache = True
    _backslash_escapes = False  # what a connection would have told it: standard_conforming_strings is on
    colspecs = {**PGDialect.colspecs, JSONB: WrittenJson, LargeBinary: WrittenBinary, ARRAY: WrittenArray}


def sql(statement: Any) -> str:
    text = str(statement.compile(dialect=Written(paramstyle="named"), compile_kwargs={"literal_binds": True}))
    for name, value in CLAIMS.items():
        text = text.replace(name, value)
    return text


@pytest.fixture(scope="module")
def shop_url(postgres: Postgres) -> str:
    tables = {
        ("public", table.name) if table.schema is None else (table.schema, table.name): table
        for table in Base.metadata.sorted_tables
    }
    enums = (column.type for table in tables.values() for column in table.columns if isinstance(column.type, Enum))
    # Data as dirty as real data: no foreign key holds here, so relations lead nowhere at times.
    return postgres.create_database(
        sql(CreateSchema("depot")),
        *(f"CREATE TYPE {type.name} AS ENUM ({', '.join(map(repr, type.enums))})" for type in enums),
        *(sql(CreateTable(table, include_foreign_key_constraints=[])) for table in tables.values()),
        *(sql(insert(tables[key.schema, key.name]).values(row)) for key, rows in ROWS.items() for row in rows),
    )


PAID = Order.paid
DOC = Order.doc
MINE = Order.customer_id == claim.sub

EXPRESSIONS = [
    Order.id == 3,
    Order.id != 3,
    Order.store_id < 2,
    literal(2) <= Order.store_id,
    Order.store_id == Order.return_store_id,
    Order.store_id.is_distinct_from(Order.return_store_id),
    Order.store_id.is_not_distinct_from(Order.return_store_id),
    Order.store_id.is_distinct_from(None),
    Order.note.is_not_distinct_from("x"),
    Order.total > Decimal("9.99"),
    Order.total == 10,
    Order.weight == 0.5,
    Order.placed_on == date(2024, 5, 6),
    Order.placed_at > NOON,
    Order.placed_at < func.now(),
    Order.placed_on < func.current_date(),
    Order.token == TOKEN,
    Order.status == Status.PAID,
    Order.status > Status.OPEN,
    Order.blob == b"\x00\xff",
    Order.renamed == "x",
    Order.note == None,  # noqa: E711
    Order.note.is_not(None),
    PAID,
    ~PAID,
    PAID == True,  # noqa: E712
    PAID != True,  # noqa: E712
    PAID.is_(True),
    PAID.is_not(True),
    ~PAID.is_(False),
    true(),
    false(),
    func.coalesce(PAID, False),
    and_(PAID, Order.store_id == 1),
    or_(PAID, Order.store_id == 1),
    ~or_(PAID, Order.store_id == 1),
    ~and_(PAID, Order.store_id == 1),
    not_(or_(PAID, and_(Order.store_id == 1, Order.note == "x"))),
    or_(false(), PAID),
    and_(PAID, not_(and_(PAID, Order.store_id == 1))),
    Order.store_id.in_([1, 2]),
    Order.store_id.not_in([1, 2]),
    Order.store_id.in_([]),
    Order.store_id.not_in([]),
    Order.status.in_([Status.OPEN]),
    Order.store_id.between(1, 2),
    ~Order.store_id.between(1, 2),
    literal(2).between(Order.store_id, Order.return_store_id),
    Order.customer_id.like("a_b"),
    Order.customer_id.like(r"a\_b"),
    Order.customer_id.like("a/_b", escape="/"),
    Order.customer_id.like("a\\b", escape="/"),
    Order.customer_id.like("a!%%", escape="!"),
    Order.customer_id.not_like("a%"),
    Order.customer_id.ilike("ANN"),
    Order.customer_id.startswith("a%"),
    Order.customer_id.startswith("a%", autoescape=True),
    Order.customer_id.contains("\\", autoescape=True),
    Order.note.contains("50%", autoescape=True),
    Order.note.endswith("/B", autoescape=True),
    Order.note.icontains("a/", autoescape=True),
    ~Order.note.startswith("5"),
    Order.customer_id.regexp_match("^a.b$"),
    Order.customer_id.regexp_match("^AN", flags="i"),
    ~Order.note.regexp_match("5"),
    func.lower(Order.customer_id) == "ann",
    func.upper(func.coalesce(Order.note, "x")) == "X",
    func.length(Order.note) > 2,
    func.coalesce(Order.store_id, Order.return_store_id, 9) == 9,
    DOC["a"]["b"].astext == "x",
    DOC[("a", "b")].astext == "3",
    DOC["a"]["b"].as_string() == "x",
    DOC["l"][0].astext == "x",
    DOC["l"][-1].as_integer() == 2,
    DOC["ok"].as_boolean(),
    ~DOC["ok"].as_boolean(),
    DOC["a"] == None,  # noqa: E711
    DOC["a"]["b"] == literal(3, JSONB),
    DOC["a"] == {"b": "x"},
    DOC["a"].contains({"b": "x"}),
    cast(DOC["l"][1].astext, Integer) == 2,
    cast(Order.id, Text) == "7",
    Order.labels.contains(["red"]),
    Order.labels.contained_by(["blue", "red"]),
    Order.labels.overlap(["green"]),
    Order.labels == ["blue", "blue"],
    Order.summary == "annx",
    ~(Order.summary == "annx"),
    MINE,
    claim.level >= Order.store_id,
    Order.store_id.in_(claim.stores),
    Order.store_id.not_in(claim.stores),
    Order.labels.contains(claim.groups),
    Order.customer_id.like(claim.like),
    func.lower(Order.customer_id) == func.lower(claim.sub),
    Order.store.has(),
    ~Order.store.has(),
    Order.store.has(Store.owner_id == claim.sub),
    ~Order.store.has(Store.region == "x"),
    Order.store.has(~(Store.region == "x")),
    Order.return_store.has(Store.owner_id == "ann"),
    Order.shelf.has(Shelf.label == "x"),
    Order.shelf.has(),
    Order.parent.has(PAID),
    Order.parent.has(~PAID),
    Order.children.any(MINE),
    Order.parent.has(Order.parent.has(Order.customer_id == claim.sub)),
    Order.parent.has(Order.children.any(~Order.parent.has(PAID))),
    Order.parent.has(Order.store.has(Store.orders.any(PAID))),
    Order.store.has(Store.orders.any(Order.store.has(Store.owner_id == claim.sub))),
    Order.tags.any(),
    Order.tags.any(Tag.name == "new"),
    ~Order.tags.any(Tag.name == "new"),
    Order.tags.any(and_(Tag.name == "old", order_tags.c.weight > 1)),
    Order.tags.any(~(order_tags.c.weight > 1)),
    Order.tags.any(Tag.orders.any(Order.tags.any(Tag.name == "new"))),
    Order.parent.has(Order.summary == "annx"),
    or_(PAID, Order.store.has(Store.owner_id == claim.sub)),
    exists().where(Store.id == Order.store_id, Store.owner_id == "ann"),
    select(Store.id).where(Store.id == Order.store_id).exists(),
]


@pytest.fixture(scope="module")
def truths(postgres: Postgres, shop_url: str) -> list[dict[str, bool | None]]:
    """For each expression, what PostgreSQL says of each order."""
    asked = (select(Order.id, literal(0).label("n"), each.label("t")) for each in EXPRESSIONS)
    statements = [f"SELECT json_object_agg(id, t) FROM ({sql(each)}) AS answer" for each in asked]
    return [json.loads(line) for line in postgres.run(*statements, url=shop_url).splitlines()]


@pytest.mark.parametrize("index", range(len(EXPRESSIONS)), ids=[str(each) for each in EXPRESSIONS])
def test_lowered_means_the_same(index: int, truths: list[dict[str, bool | None]]) -> None:
    condition = lower(EXPRESSIONS[index], Scope(TABLE, CATALOG, "here"))
    found = {str(row["id"]): holds(condition, row, DATABASE, PRINCIPAL, (), TABLE, CATALOG) for row in DATABASE[ORDERS]}
    assert found == truths[index]


def test_most_expressions_hold_of_some_orders_and_not_of_others(truths: list[dict[str, bool | None]]) -> None:
    telling = [truth for truth in truths if len(set(truth.values())) > 1]
    assert len(telling) > len(truths) * 0.9
