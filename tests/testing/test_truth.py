"""The oracle's comparisons have SQL's three values."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from mainstay.core.catalog import ColumnType, Kind
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
    Present,
    Quantifier,
    Related,
    Slot,
    Step,
    Truth,
)
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.testing.oracle import holds
from mainstay.testing.truth import like
from mainstay.testing.values import canonical, read_text, write_json
from policy.shop import JUNCTION, ORDER_TAGS, ORDERS, STORES, TAGS, relation_index, shop

CATALOG = shop()
ORDER = {
    "id": 7,
    "customer_id": "ann",
    "store_id": 1,
    "return_store_id": None,
    "parent_id": 7,
    "aisle": 1,
    "place": None,
    "note": None,
    "total": Decimal("12.50"),
    "weight": 0.5,
    "paid": True,
    "status": "PAID",
    "placed_on": date(2024, 5, 6),
    "placed_at": datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC),
    "token": UUID("12345678-1234-5678-1234-567812345678"),
    "doc": {"a": {"b": "x", "n": None}, "list": [1, "two"], "level": 3},
    "labels": ["red", None],
}
DATABASE = {
    ORDERS: [ORDER],
    STORES: [{"id": 1, "owner_id": "sue", "region": None}, {"id": 2, "owner_id": "ann", "region": "north"}],
    TAGS: [{"id": 10, "name": "new"}, {"id": 11, "name": "old"}],
    ORDER_TAGS: [{"order_id": 7, "tag_id": 10, "weight": 5}, {"order_id": 8, "tag_id": 11, "weight": 9}],
}
PRINCIPAL = Principal("clerk", {"sub": "ann", "stores": [1, None, 2], "org": {"id": 1}, "none": None, "admin": True})
EQ, NEQ, IN = Operator.EQ, Operator.NEQ, Operator.IN
UNKNOWN = Compare(Field("note"), EQ, Literal("x"))


def truth(condition: Condition, values: tuple[Any, ...] = ()) -> bool | None:
    return holds(condition, ORDER, DATABASE, PRINCIPAL, values, CATALOG.tables[ORDERS], CATALOG)


def compare(column: str, operator: Operator, text: str | tuple[str, ...] | None, **rest: Any) -> Compare:
    return Compare(Field(column), operator, Literal(text), **rest)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (TRUE, True),
        (FALSE, False),
        (UNKNOWN, None),
        (Not(UNKNOWN), None),
        (And((TRUE, UNKNOWN)), None),
        (And((FALSE, UNKNOWN)), False),
        (Or((TRUE, UNKNOWN)), True),
        (Or((FALSE, UNKNOWN)), None),
        (Not(TRUE), False),
    ],
    ids=str,
)
def test_the_three_values_combine_as_in_sql(condition: Condition, expected: bool | None) -> None:
    assert truth(condition) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (compare("id", EQ, "7"), True),
        (compare("id", NEQ, "7"), False),
        (compare("id", Operator.GT, "10"), False),  # as numbers, not as text
        (compare("total", EQ, "12.5"), True),
        (compare("total", Operator.LT, "100"), True),
        (compare("weight", Operator.LTE, "0.5"), True),
        (compare("paid", EQ, "t"), True),
        (compare("status", Operator.GT, "OPEN"), True),  # by the order of labels
        (compare("status", Operator.LTE, "OPEN"), False),
        (compare("placed_on", Operator.GTE, "2024-05-06"), True),
        (compare("placed_at", EQ, "2024-05-06T09:08:09+02:00"), True),
        (compare("token", EQ, "12345678123456781234567812345678"), True),
        (compare("id", EQ, None), None),
        (compare("note", NEQ, "x"), None),
        (Compare(Field("id"), EQ, Field("parent_id")), True),
        (Compare(Field("id"), EQ, Field("return_store_id")), None),
        (compare("note", Operator.IS_DISTINCT, "x"), True),
        (compare("note", Operator.IS_DISTINCT, None), False),
        (compare("customer_id", Operator.IS_DISTINCT, "ann"), False),
        (compare("customer_id", Operator.LIKE, "a%"), True),
        (compare("customer_id", Operator.LIKE, "A%"), False),
        (compare("customer_id", Operator.ILIKE, "A_N"), True),
        (compare("customer_id", Operator.MATCH, "^a"), True),
        (compare("customer_id", Operator.IMATCH, "NN$"), True),
        (compare("id", IN, ("1", "7")), True),
        (compare("id", IN, ()), False),
        (compare("note", IN, ()), False),
        (compare("note", IN, ("x",)), None),
        (Not(compare("note", IN, ())), True),
        (compare("labels", Operator.CS, "{red}"), True),
        (compare("labels", Operator.CS, '{"red","blue"}'), False),
        (compare("labels", Operator.CS, "{NULL}"), False),
        (compare("labels", Operator.CD, "{red,blue}"), False),
        (compare("doc", Operator.CS, '{"a": {"b": "x"}}'), True),
        (compare("doc", Operator.CS, '{"list": ["two"]}'), True),
        (compare("doc", Operator.CS, '{"list": "two"}'), False),
        (compare("doc", Operator.CS, '{"a": {"b": null}}'), False),
        (Compare(Field("doc", (Step("list"),)), Operator.CS, Literal('"two"')), True),
        (Compare(Field("doc", (Step("list"),)), Operator.CD, Literal('[1, "two", 3]')), True),
        (compare("labels", Operator.OV, "{blue,red}"), True),
        (compare("customer_id", Operator.SIMILAR, "(a|b)n+"), True),
        (compare("customer_id", Operator.SIMILAR, "a"), False),
        (compare("customer_id", Operator.SIMILAR, "a%"), True),
        (compare("customer_id", Operator.SIMILAR, "a_[_n]"), True),
        (compare("customer_id", Operator.SIMILAR, "a.n"), False),
        (compare("doc", Operator.HAS_KEY, "a"), True),
        (compare("doc", Operator.HAS_KEY, "b"), False),
        (Compare(Field("doc", (Step("list"),)), Operator.HAS_KEY, Literal("two")), True),
        (compare("doc", Operator.HAS_ANY, "{x,a}"), True),
        (compare("doc", Operator.HAS_ALL, "{x,a}"), False),
        (compare("doc", Operator.HAS_ALL, "{level,a}"), True),
        (compare("id", Operator.GT, ("1", "9"), quantifier=Quantifier.ANY), True),
        (compare("id", Operator.GT, ("1", "9"), quantifier=Quantifier.ALL), False),
    ],
    ids=str,
)
def test_values_compare_as_their_columns_type(condition: Condition, expected: bool | None) -> None:
    assert truth(condition) is expected


@pytest.mark.parametrize(
    ("field", "operator", "text", "expected"),
    [
        (Field("doc", (Step("a"), Step("b", True))), EQ, "x", True),
        (Field("doc", (Step("a"), Step("n", True))), EQ, "x", None),
        (Field("doc", (Step("a"), Step("n"))), EQ, "null", True),
        (Field("doc", (Step("missing"), Step("b", True))), EQ, "x", None),
        (Field("doc", (Step("list"), Step(-1, True))), EQ, "two", True),
        (Field("doc", (Step("list"), Step(0))), EQ, "1.0", True),
        (Field("doc", (Step("a"), Step("b"))), EQ, '"x"', True),
        (Field("doc", (Step("level", True),), "integer"), Operator.LT, "10", True),
        (Field("doc", (Step("level", True),)), Operator.LT, "10", False),
        (Field("id", (), "text"), EQ, "7", True),
    ],
    ids=str,
)
def test_json_is_walked_and_cast(field: Field, operator: Operator, text: str, expected: bool | None) -> None:
    assert truth(Compare(field, operator, Literal(text))) is expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (Compare(Field("customer_id"), EQ, Claim(("sub",))), True),
        (Compare(Field("store_id"), EQ, Claim(("org", "id"))), True),
        (Compare(Field("paid"), EQ, Claim(("admin",))), True),
        (Compare(Field("store_id"), EQ, Claim(("none",))), None),
        (Compare(Field("store_id"), EQ, Claim(("sub", "deeper"))), None),
        (Compare(Field("store_id"), IN, Claim(("stores",), many=True)), True),
        (Compare(Field("id"), IN, Claim(("stores",), many=True)), False),
        (Compare(Field("customer_id"), IN, Claim(("sub",), many=True)), True),
        (Present(Claim(("sub",))), True),
        (Present(Claim(("none",))), False),
        (Present(Claim(("missing",))), False),
        (Compare(Field("customer_id"), EQ, Slot(0)), True),
        (Compare(Field("id"), IN, Slot(1, many=True)), True),
        (Compare(Field("id"), EQ, Slot(2)), None),
    ],
    ids=str,
)
def test_slots_are_filled_from_the_request_and_the_principal(condition: Condition, expected: bool | None) -> None:
    assert truth(condition, ("ann", ("6", "7"), None)) is expected


@pytest.mark.parametrize(
    ("call", "text", "expected"),
    [
        (Call("upper", (Field("customer_id"),)), "ANN", True),
        (Call("lower", (Literal("ANN"),)), "ann", True),
        (Call("length", (Field("customer_id"),)), "3", True),
        (Call("length", (Field("note"),)), "3", None),
        (Call("coalesce", (Field("note"), Field("customer_id"))), "ann", True),
        (Call("coalesce", (Field("return_store_id"), Literal("4"))), "4", True),
        (Call("coalesce", (Field("note"),)), "x", None),
        (Call("now"), "1999-01-01T00:00:00Z", False),
        (Call("current_date"), "1999-01-01", False),
    ],
    ids=str,
)
def test_functions_are_every_stores(call: Call, text: str, expected: bool | None) -> None:
    assert truth(Compare(call, EQ, Literal(text))) is expected


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("paid", {Truth.TRUE, Truth.NOT_NULL}),
        ("note", {Truth.NULL, Truth.UNKNOWN}),
        ("id", {Truth.NOT_NULL}),
    ],
)
def test_is_has_two_values(column: str, expected: set[Truth]) -> None:
    assert {each for each in Truth if truth(Is(Field(column), each))} == expected
    assert {each for each in Truth if truth(Not(Is(Field(column), each)))} == set(Truth) - expected


def related(name: str, where: Condition = TRUE, through: Condition = TRUE) -> Related:
    return Related(relation_index(ORDERS, name), where, through)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (related("store"), True),
        (related("store", compare("owner_id", EQ, "sue")), True),
        (related("store", compare("owner_id", EQ, "ann")), False),
        (related("store", compare("region", EQ, "north")), False),
        (Not(related("store", compare("region", EQ, "north"))), True),
        (related("return_store"), False),
        (related("parent", related("children", compare("id", EQ, "7"))), True),
        (related("tags"), True),
        (related("tags", compare("name", EQ, "old")), False),
        (related("tags", TRUE, compare("weight", Operator.GT, "5")), False),
        (related("tags", compare("name", EQ, "new"), compare("weight", EQ, "5")), True),
        (related("shelf"), False),
    ],
    ids=str,
)
def test_a_related_row_is_there_or_not(condition: Condition, expected: bool) -> None:
    assert truth(condition) is expected
    assert JUNCTION.table == ORDER_TAGS


@pytest.mark.parametrize(
    ("column", "text", "code"),
    [
        ("id", "x", "22P02"),
        ("paid", "maybe", "22P02"),
        ("status", "LOST", "22P02"),
        ("labels", "red", "22P02"),
        ("placed_on", "soon", "22007"),
    ],
)
def test_text_that_the_type_cannot_read_is_a_problem(column: str, text: str, code: str) -> None:
    with pytest.raises(Problem) as raised:
        truth(compare(column, EQ, text))
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("50%", r"50\%", True),
        ("505", r"50\%", False),
        ("a.c", "a.c", True),
        ("abc", "a.c", False),
        ("a\nb", "a%b", True),
        ("abc", "ab", False),
        ("", "%", True),
        ("a\\b", r"a\\b", True),
    ],
)
def test_like_matches_the_whole_text(text: str, pattern: str, expected: bool) -> None:
    assert like(text, pattern) is expected


def test_a_pattern_must_not_end_with_its_escape() -> None:
    with pytest.raises(Problem, match="escape"):
        like("a", "a\\")


ARRAY = ColumnType(Kind.ARRAY, "integer[]", element=ColumnType(Kind.INTEGER, "integer"))
TEXTS = ColumnType(Kind.ARRAY, "text[]", element=ColumnType(Kind.TEXT, "text"))


@pytest.mark.parametrize(
    ("text", "type", "value"),
    [
        ("{1,2,NULL}", ARRAY, [1, 2, None]),
        ("{}", ARRAY, []),
        (r'{"a,b","c\"d","NULL",e}', TEXTS, ["a,b", 'c"d', "NULL", "e"]),
        ('{""}', TEXTS, [""]),
        ("\\x00ff", ColumnType(Kind.BINARY, "bytea"), b"\x00\xff"),
        ("2024-05-06T07:08:09", ColumnType(Kind.TIMESTAMP, "timestamp"), datetime(2024, 5, 6, 7, 8, 9)),
        ("2024-05-06", ColumnType(Kind.TIMESTAMP, "timestamptz"), datetime(2024, 5, 6, tzinfo=UTC)),
    ],
)
def test_text_is_read_as_postgresql_reads_it(text: str, type: ColumnType, value: Any) -> None:
    assert read_text(text, type) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Decimal("12.50"), 12.5),
        (Decimal("12.00"), 12),
        (3.0, 3),
        (datetime(2024, 5, 6, 7, 8, 9, 500_000, tzinfo=UTC), "2024-05-06T07:08:09.5+00:00"),
        (datetime(2024, 5, 6, 7, 8, 9), "2024-05-06T07:08:09"),
        (date(2024, 5, 6), "2024-05-06"),
        (b"\xff", "\\xff"),
        ([Decimal("1.5"), None], [1.5, None]),
        ({"a": [1, None]}, {"a": [1, None]}),
        (None, None),
    ],
    ids=str,
)
def test_values_are_written_as_json(value: Any, written: Any) -> None:
    assert write_json(value) == written


def test_json_values_are_equal_as_jsonb_says() -> None:
    assert canonical({"a": 1, "b": [True]}) == canonical({"b": [True], "a": 1.0})
    assert canonical([1, 2]) != canonical([2, 1])
    assert canonical(True) != canonical(1)
    assert canonical("1") != canonical(1)
