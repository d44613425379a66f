"""SQLAlchemy expressions become conditions that mean exactly the same, or are refused by name."""

import enum
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    Integer,
    Numeric,
    String,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    column,
    exists,
    false,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
    text,
    true,
    tuple_,
)
from sqlalchemy.orm import aliased

from mainstay.core.condition import (
    FALSE,
    TRUE,
    And,
    Call,
    Claim,
    Compare,
    Condition,
    Field,
    Is,
    Literal,
    Not,
    Operator,
    Or,
    Related,
    Step,
    Truth,
)
from mainstay.core.problem import DeclarationError
from mainstay.policy.declare import claim
from mainstay.policy.lower import lower
from mainstay.policy.scope import Scope
from policy.shop import (
    ORDER_TAGS,
    ORDERS,
    SHELVES,
    STORES,
    TAGS,
    Order,
    Shelf,
    Status,
    Store,
    Tag,
    order_tags,
    relation_index,
    shop,
)

CATALOG = shop()
WHERE = "role 'clerk', read on public.orders"


def lowered(expression: Any, table: Any = ORDERS) -> Condition:
    return lower(expression, Scope(CATALOG.tables[table], CATALOG, WHERE))


def compare(column: str, operator: Operator, right: Any) -> Compare:
    return Compare(Field(column), operator, Literal(right) if isinstance(right, str | tuple | None) else right)


SUB = Claim(("sub",))
EQ = Operator.EQ
LIKE = Operator.LIKE
PAID = compare("paid", EQ, "true")
ONE = compare("id", EQ, "1")
DOC = Order.doc
STAMP = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
TOKEN = UUID("12345678-1234-5678-1234-567812345678")


class Size(enum.StrEnum):
    LARGE = "large"


@pytest.mark.parametrize(
    ("expression", "condition"),
    [
        (Order.id == 1, ONE),
        (Order.id != 1, compare("id", Operator.NEQ, "1")),
        (Order.id < 1, compare("id", Operator.LT, "1")),
        (Order.id <= 1, compare("id", Operator.LTE, "1")),
        (Order.id > 1, compare("id", Operator.GT, "1")),
        (Order.id >= 1, compare("id", Operator.GTE, "1")),
        (1 < Order.id, compare("id", Operator.GT, "1")),  # noqa: SIM300
        (literal(1) < Order.id, compare("id", Operator.GT, "1")),
        (literal(1) == Order.id, ONE),
        (literal(1) >= Order.id, compare("id", Operator.LTE, "1")),
        (~(Order.id == 1), compare("id", Operator.NEQ, "1")),
        (Order.customer_id == Order.note, compare("customer_id", EQ, Field("note"))),
        (Order.renamed == "x", compare("odd name", EQ, "x")),
        (column("customer_id") == "x", compare("customer_id", EQ, "x")),
        (Order.__table__.c.id == 1, ONE),
    ],
    ids=str,
)
def test_comparisons_keep_their_sides(expression: Any, condition: Condition) -> None:
    assert lowered(expression) == condition


@pytest.mark.parametrize(
    ("expression", "condition"),
    [
        (Order.customer_id == claim.sub, compare("customer_id", EQ, SUB)),
        (claim.sub == Order.customer_id, compare("customer_id", EQ, SUB)),
        (claim.sub != Order.customer_id, compare("customer_id", Operator.NEQ, SUB)),
        (claim.level >= Order.id, compare("id", Operator.LTE, Claim(("level",)))),
        (claim.level > Order.id, compare("id", Operator.LT, Claim(("level",)))),
        (claim.level < Order.id, compare("id", Operator.GT, Claim(("level",)))),
        (claim.level <= Order.id, compare("id", Operator.GTE, Claim(("level",)))),
        (Order.store_id == claim.org.id, compare("store_id", EQ, Claim(("org", "id")))),
        (Order.note == claim["https://x/y"]["a b"], compare("note", EQ, Claim(("https://x/y", "a b")))),
        (Order.note == claim.name, compare("note", EQ, Claim(("name",)))),
        (Order.note == claim.type, compare("note", EQ, Claim(("type",)))),
        (Order.note == claim.key, compare("note", EQ, Claim(("key",)))),
        (Order.note == claim.path.table.in_, compare("note", EQ, Claim(("path", "table", "in_")))),
        (Order.store_id.in_(claim.stores), compare("store_id", Operator.IN, Claim(("stores",), many=True))),
        (Order.store_id.not_in(claim.stores), Not(compare("store_id", Operator.IN, Claim(("stores",), many=True)))),
        (Order.note.like(claim.pattern), compare("note", LIKE, Claim(("pattern",)))),
        (Order.note.is_distinct_from(claim.sub), compare("note", Operator.IS_DISTINCT, SUB)),
        (
            Order.id.between(claim.low, 9),
            And((compare("id", Operator.GTE, Claim(("low",))), compare("id", Operator.LTE, "9"))),
        ),
        (
            func.lower(Order.note) == func.lower(claim.sub),
            Compare(Call("lower", (Field("note"),)), EQ, Call("lower", (SUB,))),
        ),
        (Order.labels.contains(claim.groups), compare("labels", Operator.CS, Claim(("groups",), many=True))),
        (DOC["owner"].astext == claim.sub, Compare(Field("doc", (Step("owner", True),)), EQ, SUB)),
    ],
    ids=str,
)
def test_claims_are_slots_on_either_side(expression: Any, condition: Condition) -> None:
    assert lowered(expression) == condition


@pytest.mark.parametrize(
    ("expression", "condition"),
    [
        (Order.note == None, Is(Field("note"), Truth.NULL)),  # noqa: E711
        (Order.note != None, Is(Field("note"), Truth.NOT_NULL)),  # noqa: E711
        (Order.note.is_(None), Is(Field("note"), Truth.NULL)),
        (Order.note.is_not(None), Is(Field("note"), Truth.NOT_NULL)),
        (~Order.note.is_(None), Is(Field("note"), Truth.NOT_NULL)),
        (Order.paid.is_(True), Is(Field("paid"), Truth.TRUE)),
        (Order.paid.is_(False), Is(Field("paid"), Truth.FALSE)),
        (Order.paid.is_not(True), Not(Is(Field("paid"), Truth.TRUE))),
        (Order.note.is_distinct_from("x"), compare("note", Operator.IS_DISTINCT, "x")),
        (Order.note.is_not_distinct_from("x"), Not(compare("note", Operator.IS_DISTINCT, "x"))),
        (Order.note.is_distinct_from(None), Is(Field("note"), Truth.NOT_NULL)),
        (Order.note.is_not_distinct_from(None), Not(Is(Field("note"), Truth.NOT_NULL))),
        (Order.store == None, Is(Field("store_id"), Truth.NULL)),  # noqa: E711
        (DOC["a"] == None, Is(Field("doc", (Step("a"),)), Truth.NULL)),  # noqa: E711
    ],
    ids=str,
)
def test_null_is_asked_for_and_never_compared(expression: Any, condition: Condition) -> None:
    assert lowered(expression) == condition


@pytest.mark.parametrize(
    ("expression", "condition"),
    [
        (Order.paid, PAID),
        (~Order.paid, Not(PAID)),
        (not_(Order.paid), Not(PAID)),
        (Order.paid == True, PAID),  # noqa: E712
        (Order.paid != True, compare("paid", Operator.NEQ, "true")),  # noqa: E712
        (true(), TRUE),
        (false(), FALSE),
        (True, TRUE),
        (False, FALSE),
        (and_(Order.paid, Order.id == 1), And((PAID, ONE))),
        (Order.paid & (Order.id == 1), And((PAID, ONE))),
        (and_(Order.paid, and_(Order.id == 1, Order.paid)), And((PAID, ONE, PAID))),
        (or_(Order.paid, Order.id == 1), Or((PAID, ONE))),
        (or_(Order.paid, and_(Order.id == 1, Order.paid)), Or((PAID, And((ONE, PAID))))),
        (~or_(Order.paid, Order.id == 1), Not(Or((PAID, ONE)))),
        (~and_(Order.paid, Order.id == 1), Not(And((PAID, ONE)))),
        (or_(false(), Order.paid), PAID),
        (
            func.coalesce(Order.paid, False),
            Compare(Call("coalesce", (Field("paid"), Literal("false"))), EQ, Literal("true")),
        ),
        (DOC["ok"].as_boolean(), Compare(Field("doc", (Step("ok", True),), "boolean"), EQ, Literal("true"))),
    ],
    ids=str,
)
def test_boolean_algebra_keeps_its_three_values(expression: Any, condition: Condition) -> None:
    assert lowered(expression) == condition


@pytest.mark.parametrize(
    ("expression", "condition"),
    [
        (Order.id.in_([1, 2]), compare("id", Operator.IN, ("1", "2"))),
        (Order.id.in_((1,)), compare("id", Operator.IN, ("1",))),
        (Order.id.not_in([1]), Not(compare("id", Operator.IN, ("1",)))),
        (~Order.id.in_([1]), Not(compare("id", Operator.IN, ("1",)))),
        (Order.id.in_([]), FALSE),
        (Order.id.not_in([]), Not(FALSE)),
        (Order.status.in_([Status.OPEN]), compare("status", Operator.IN, ("OPEN",))),
        (Order.id.between(1, 2), And((compare("id", Operator.GTE, "1"), compare("id", Operator.LTE, "2")))),
        (~Order.id.between(1, 2), Not(And((compare("id", Operator.GTE, "1"), compare("id", Operator.LTE, "2"))))),
        (
            literal(5).between(Order.id, Order.store_id),
            And((compare("id", Operator.LTE, "5"), compare("store_id", Operator.GTE, "5"))),
        ),
        (Order.labels.contains(["a", 'b"']), compare("labels", Operator.CS, '{"a","b\\""}')),
        (Order.labels.contained_by(["a"]), compare("labels", Operator.CD, '{"a"}')),
        (Order.labels.overlap(["a"]), compare("labels", Operator.OV, '{"a"}')),
        (DOC.contains({"a": 1}), compare("doc", Operator.CS, '{"a": 1}')),
    ],
    ids=str,
)
def test_lists_and_ranges(expression: Any, condition: Condition) -> None:
    assert lowered(expression) == condition


@pytest.mark.parametrize(
    ("expression", "operator", "pattern"),
    [
        (Order.note.like("a%_"), LIKE, "a%_"),
        (Order.note.like(r"a\%"), LIKE, r"a\%"),
        (Order.note.like("a/%b/_//\\", escape="/"), LIKE, r"a\%b\_/\\"),
        (Order.note.like("a\\%", escape=""), LIKE, "a\\\\%"),
        (Order.note.ilike("A%"), Operator.ILIKE, "A%"),
        (Order.note.startswith("a%"), LIKE, "a%%"),
        (Order.note.startswith("a%", autoescape=True), LIKE, r"a\%%"),
        (Order.note.startswith("a/_", autoescape=True), LIKE, r"a/\_%"),
        (Order.note.endswith("a"), LIKE, "%a"),
        (Order.note.contains("a"), LIKE, "%a%"),
        (Order.note.contains("50%", autoescape=True, escape="!"), LIKE, r"%50\%%"),
        (Order.note.istartswith("a"), Operator.ILIKE, "a%"),
        (Order.note.iendswith("a"), Operator.ILIKE, "%a"),
        (Order.note.icontains("a_", autoescape=True), Operator.ILIKE, r"%a\_%"),
        (Order.note.regexp_match("^a"), Operator.MATCH, "^a"),
        (Order.note.regexp_match("^a", flags="i"), Operator.IMATCH, "^a"),
    ],
    ids=str,
)
def test_patterns_are_escaped_by_backslashes(expression: Any, operator: Operator, pattern: str) -> None:
    assert lowered(expression) == compare("note", operator, pattern)
    assert lowered(~expression) == Not(compare("note", operator, pattern))


@pytest.mark.parametrize(
    ("expression", "left", "right"),
    [
        (func.lower(Order.note) == "x", Call("lower", (Field("note"),)), Literal("x")),
        (func.UPPER(Order.note) == "X", Call("upper", (Field("note"),)), Literal("X")),
        (func.length(Order.note) == 3, Call("length", (Field("note"),)), Literal("3")),
        (
            func.coalesce(Order.note, Order.customer_id, "-") == "x",
            Call("coalesce", (Field("note"), Field("customer_id"), Literal("-"))),
            Literal("x"),
        ),
        (
            func.lower(func.coalesce(Order.note, "")) == "x",
            Call("lower", (Call("coalesce", (Field("note"), Literal(""))),)),
            Literal("x"),
        ),
        (Order.placed_at == func.now(), Field("placed_at"), Call("now")),
        (Order.placed_at == func.current_timestamp(), Field("placed_at"), Call("now")),
        (Order.placed_on == func.current_date(), Field("placed_on"), Call("current_date")),
        (DOC["a"]["b"].astext == "x", Field("doc", (Step("a"), Step("b", True))), Literal("x")),
        (DOC["a"][0].astext == "x", Field("doc", (Step("a"), Step(0, True))), Literal("x")),
        (DOC[("a", 1)].astext == "x", Field("doc", (Step("a"), Step(1, True))), Literal("x")),
        (DOC["a"].as_string() == "x", Field("doc", (Step("a", True),)), Literal("x")),
        (DOC[("a", "b")].as_string() == "x", Field("doc", (Step("a"), Step("b", True))), Literal("x")),
        (DOC["a"].as_integer() == 3, Field("doc", (Step("a", True),), "integer"), Literal("3")),
        (DOC["a"].as_float() == 1.5, Field("doc", (Step("a", True),), "double precision"), Literal("1.5")),
        (cast(DOC["a"].astext, Integer) == 3, Field("doc", (Step("a", True),), "integer"), Literal("3")),
        (cast(Order.id, Text) == "3", Field("id", (), "text"), Literal("3")),
        (cast(Order.id, String) == "3", Field("id", (), "text"), Literal("3")),
        (DOC["a"] == {"b": [1]}, Field("doc", (Step("a"),)), Literal('{"b": [1]}')),
        (Order.summary == "x", Field("summary"), Literal("x")),
    ],
    ids=str,
)
def test_functions_casts_json_and_hybrids(expression: Any, left: Any, right: Any) -> None:
    assert lowered(expression) == Compare(left, EQ, right)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (Order.paid == True, "true"),  # noqa: E712
        (Order.total == Decimal("12.30"), "12.30"),
        (Order.total == 12, "12"),
        (Order.weight == 0.1, "0.1"),
        (Order.weight == float("inf"), "Infinity"),
        (Order.placed_on == date(2024, 5, 6), "2024-05-06"),
        (Order.placed_at == STAMP, "2024-05-06T07:08:09+00:00"),
        (Order.token == TOKEN, str(TOKEN)),
        (Order.status == Status.PAID, "PAID"),
        (Order.note == Size.LARGE, "large"),
        (Order.blob == b"\x00\xff", "\\x00ff"),
        (Order.wait == timedelta(days=1, hours=2, microseconds=5), "1 days 7200 seconds 5 microseconds"),
        (Order.labels == ["a", None, "c,d"], '{"a",NULL,"c,d"}'),
        (Order.note == "it's \\ ok", "it's \\ ok"),
    ],
    ids=str,
)
def test_constants_are_the_text_that_their_type_reads(expression: Any, text: str) -> None:
    condition = lowered(expression)
    assert isinstance(condition, Compare)
    assert condition.right == Literal(text)


def related(name: str, where: Condition = TRUE, table: Any = ORDERS, through: Condition = TRUE) -> Related:
    return Related(relation_index(table, name), where, through)


OWNED = compare("owner_id", EQ, SUB)
Parent = aliased(Order)


@pytest.mark.parametrize(
    ("expression", "table", "condition"),
    [
        (Order.store.has(), ORDERS, related("store")),
        (~Order.store.has(), ORDERS, Not(related("store"))),
        (Order.store.has(Store.owner_id == claim.sub), ORDERS, related("store", OWNED)),
        (Order.store.has(owner_id="x"), ORDERS, related("store", compare("owner_id", EQ, "x"))),
        (Order.return_store.has(Store.owner_id == claim.sub), ORDERS, related("return_store", OWNED)),
        (
            Order.store.has(or_(Store.owner_id == claim.sub, Store.region.is_(None))),
            ORDERS,
            related("store", Or((OWNED, Is(Field("region"), Truth.NULL)))),
        ),
        (
            Order.store.has(and_(Store.owner_id == claim.sub, Store.region.is_(None))),
            ORDERS,
            related("store", And((OWNED, Is(Field("region"), Truth.NULL)))),
        ),
        (Order.store.has(~Store.region.is_(None)), ORDERS, related("store", Is(Field("region"), Truth.NOT_NULL))),
        (Store.orders.any(), STORES, related("orders", TRUE, STORES)),
        (Store.orders.any(Order.paid), STORES, related("orders", PAID, STORES)),
        (Order.tags.any(Tag.name == "x"), ORDERS, related("tags", compare("name", EQ, "x"))),
        (
            Order.tags.any(and_(Tag.name == "x", order_tags.c.weight > 3)),
            ORDERS,
            related("tags", compare("name", EQ, "x"), ORDERS, compare("weight", Operator.GT, "3")),
        ),
        (
            Tag.orders.any(Order.tags.any(Tag.name == "x")),
            TAGS,
            related("orders", related("tags", compare("name", EQ, "x")), TAGS),
        ),
        (Order.shelf.has(Shelf.label == "x"), ORDERS, related("shelf", compare("label", EQ, "x"))),
        (Order.parent.has(Order.paid), ORDERS, related("parent", PAID)),
        (Order.children.any(Order.paid), ORDERS, related("children", PAID)),
        (Order.parent.of_type(Parent).has(Parent.paid), ORDERS, related("parent", PAID)),
        (
            Order.parent.has(Order.parent.has(Order.customer_id == claim.sub)),
            ORDERS,
            related("parent", related("parent", compare("customer_id", EQ, SUB))),
        ),
        (
            Order.parent.has(Order.children.any(~Order.parent.has())),
            ORDERS,
            related("parent", related("children", Not(related("parent")))),
        ),
        (
            Order.parent.has(Order.store.has(Store.orders.any(Order.paid))),
            ORDERS,
            related("parent", related("store", related("orders", PAID, STORES))),
        ),
        (
            Order.store.has(Store.orders.any(Order.store.has(Store.owner_id == claim.sub))),
            ORDERS,
            related("store", related("orders", related("store", OWNED), STORES)),
        ),
        (or_(Order.paid, Order.store.has(Store.owner_id == claim.sub)), ORDERS, Or((PAID, related("store", OWNED)))),
        (exists().where(Store.id == Order.store_id, Store.owner_id == claim.sub), ORDERS, related("store", OWNED)),
        (exists().where(Order.store_id == Store.id), ORDERS, related("store")),
        (select(Store.id).where(Store.id == Order.store_id).exists(), ORDERS, related("store")),
        (exists().where(Order.id == order_tags.c.order_id).select_from(order_tags), ORDER_TAGS, None),
        (Order.parent.has(Order.summary == "x"), ORDERS, related("parent", compare("summary", EQ, "x"))),
    ],
    ids=str,
)
def test_relations_are_found_by_their_join(expression: Any, table: Any, condition: Condition | None) -> None:
    expected = Related(0) if condition is None else condition
    assert lowered(expression, table) == expected


@pytest.mark.parametrize(
    ("expression", "said", "hint"),
    [
        (Order.id + 1 == 2, "orders.id + 1", "hybrid"),
        (Order.note + "x" == "yx", "orders.note || 'x'", "hybrid"),
        (Order.customer_id.collate("C") == "x", 'COLLATE "C"', "column"),
        (func.md5(Order.note) == "x", "md5(orders.note)", "lower"),
        (func.pg_catalog.lower(Order.note) == "x", "pg_catalog.lower", "lower"),
        (func.lower() == "x", "takes 1 argument", "func.lower"),
        (func.now() - timedelta(days=1) > Order.placed_at, "now()", "column"),
        (case((Order.paid, 1), else_=2) == 1, "CASE WHEN", "compare"),
        (text("true"), "true", "write it"),
        (literal_column("id") == 1, "raw SQL", "columns"),
        (Order.note.op("~~~")("x"), "~~~", "compare"),
        (-Order.id == 1, "-orders.id", "compare"),
        (tuple_(Order.id, Order.store_id).in_([(1, 2)]), "(orders.id, orders.store_id)", "compare"),
        (Order.id.in_(select(Store.id)), "IN", "has()"),
        (Order.id.in_([claim.a, 1]), "list of constants", "or_()"),
        (Order.id.in_([1, None]), "None in a list", "is_(None)"),
        (Order.id.not_in([1, None]), "None in a list", "is_(None)"),
        (Order.id == bindparam("x"), "isn't known", "constant"),
        (null() == Order.id, "holds for no row", "is_(None)"),
        (Order.id.between(1, 2, symmetric=True), "SYMMETRIC", "and_("),
        (Order.note.regexp_match("a", flags="n"), "'n'", "flags"),
        (Order.note.startswith(claim.prefix), "only a constant", "like(claim.x)"),
        (Order.note.startswith(Order.customer_id), "only a constant", "like"),
        (Order.note.like("a/", escape="/"), "ends with its escape", "autoescape"),
        (Order.note.like("a\\"), "ends with its escape", "autoescape"),
        (claim.admin, "claim.admin", "role"),
        (claim.a == claim.b, "claim.a = claim.b", "role"),
        (claim.level == 3, "claim.level = 3", "role"),
        (claim.sub == None, "claim.sub IS NULL", "role"),  # noqa: E711
        (literal(1) == 1, "1 = 1", "role"),
        (Order.note, "orders.note", "compare"),
        (Order.id == "x", "'x' is not a whole number", "type"),
        (Order.id == 1.5, "'1.5' is not a whole number", "type"),
        (Order.note == 5, "5 is not text", "type"),
        (Order.status == "LOST", "'LOST'", "type"),
        (Order.token == "x", "'x'", "type"),
        (Order.note == "a\x00", "NUL", "type"),
        (Order.note == object(), "object", "type"),
        (Order.labels.contains([object()]), "object", "type"),
        (cast(Order.total, Numeric(10, 2)) == 1, "NUMERIC(10, 2)", "cast to"),
        (Order.doc == claim.doc, "no JSON document", "astext"),
        (DOC["a"] == claim.doc, "no JSON document", "astext"),
        (DOC["a"] == 3, "no JSON document", "astext"),
        (DOC["a"] == "3", "no JSON document", "astext"),
        (DOC[Order.note].astext == "x", "subscript", "constant"),
        (Order.labels[1] == "x", "labels", "column"),
        (any_(Order.labels) == "x", "ANY", "compare"),
        (Order.parent_id == Parent.id, "not a column of public.orders", "has("),
        (Store.owner_id == "x", "not a column of public.orders", "has("),
        (Order.store.has(Store.region == Order.note), "region = orders.note", "store (store_id"),
        (Order.store.has(Store.owner_id > Order.note), "orders.note", "has("),
        (Order.store.has(Store.orders.any(Order.note < Store.region)), "stores.region", "has("),
        (Order.parent.has(func.md5(Order.note) == "x"), "md5", "lower"),
        (exists().where(Store.id == Order.parent_id), "parent_id", "declare a relationship"),
        (exists().where(Store.owner_id == "x"), "joins by nothing", "relationship"),
        (exists().where(or_(Store.id == Order.store_id, Store.region.is_(None))), "nothing", "relationship"),
        (exists().where(Store.id == Order.store_id).correlate(None), "row of the table around", "has()"),
        (exists().where(Order.parent_id == Order.id), "other than one", "has()"),
        (select(func.count()).where(Store.id == Order.store_id).exists(), "FROM and WHERE", "has()"),
        (select(Store).where(Store.id == Order.store_id).limit(0).exists(), "FROM and WHERE", "has()"),
        (select(Store).where(Store.id == Order.store_id).group_by(Store.id).exists(), "FROM and WHERE", "has()"),
        (select(Store).join(Store.orders).where(Store.id == 1).exists(), "FROM and WHERE", "has()"),
        (Order.tags.any(order_tags.c.weight > Tag.id), "tags.id", "has("),
        (column("nothing") == 1, "no column 'nothing'", "catalog"),
        ([Order.paid], "list", "columns"),
        ("paid", "'paid'", "columns"),
    ],
    ids=str,
)
def test_refuses_what_has_no_exact_counterpart(expression: Any, said: str, hint: str) -> None:
    with pytest.raises(DeclarationError) as raised:
        lowered(expression)
    assert raised.value.where == WHERE
    assert said in raised.value.what
    assert hint in raised.value.hint


def test_a_refusal_quotes_the_expression_with_its_constants() -> None:
    with pytest.raises(DeclarationError) as raised:
        lowered(Order.note.like(literal("5%") + Order.customer_id))
    assert "'5%' || orders.customer_id can't be lowered" in raised.value.what


def test_a_relation_to_a_table_outside_the_catalog_is_refused() -> None:
    tables = {key: table for key, table in CATALOG.tables.items() if key != SHELVES}
    smaller = type(CATALOG)(tables, CATALOG.schemas)
    with pytest.raises(DeclarationError, match="no table of the catalog"):
        lower(Order.shelf.has(), Scope(smaller.tables[ORDERS], smaller, WHERE))
