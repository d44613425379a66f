"""Orders, pages, and what belongs to which embed."""

import pytest
from rest_requests import WIRE, parse, read, refusal, request

from mainstay.core.condition import (
    TRUE,
    Aggregate,
    Aggregation,
    And,
    Compare,
    Field,
    Is,
    Not,
    Operator,
    Or,
    Slot,
    Step,
    Through,
    Truth,
)
from mainstay.core.operation import Embed, Item, Nulls, Order, Pick, Read
from mainstay.core.problem import Problem

ID = Pick(Field("id"))
EQ = Operator.EQ

ORDERS: list[tuple[str, tuple[Order, ...]]] = [
    ("id", (Order(Field("id")),)),
    ("id.asc", (Order(Field("id")),)),
    ("id.desc", (Order(Field("id"), True),)),
    ("id.nullsfirst", (Order(Field("id"), nulls=Nulls.FIRST),)),
    ("id.desc.nullslast", (Order(Field("id"), True, Nulls.LAST),)),
    ("a, b.desc ,c", (Order(Field("a")), Order(Field("b"), True), Order(Field("c")))),
    ("data->a->>b.desc", (Order(Field("data", (Step("a"), Step("b", True))), True),)),
    ("data->0.desc", (Order(Field("data", (Step(0),)), True),)),
    ("clients(name)", (Order(Field("name"), relation="clients"),)),
    ("clients(data->k).desc.nullsfirst", (Order(Field("data", (Step("k"),)), True, Nulls.FIRST, "clients"),)),
    ('"a.b".desc,"asc"', (Order(Field("a.b"), True), Order(Field("asc")))),
    (
        "films.count().desc,id",
        (Order(Aggregation(Aggregate.COUNT, of=Through("films", TRUE)), True), Order(Field("id"))),
    ),
    (
        'films!by."a b".max().nullslast',
        (Order(Aggregation(Aggregate.MAX, Field("a b"), of=Through("films", TRUE, "by")), nulls=Nulls.LAST),),
    ),
    ("count(films)", (Order(Field("films"), relation="count"),)),
    ("name,clients(name),id", (Order(Field("name")), Order(Field("name"), relation="clients"), Order(Field("id")))),
]


@pytest.mark.parametrize(("text", "order"), ORDERS, ids=[text for text, _ in ORDERS])
def test_an_order_means_these_keys(text: str, order: tuple[Order, ...]) -> None:
    assert read(f"order={text}")[0].order == order


@pytest.mark.parametrize(
    ("text", "column", "details"),
    [
        ("", 1, "unexpected end of input expecting field name (* or [a..z0..9_$])"),
        ("id.ac", 4, 'unexpected "a" expecting "asc", "desc", "nullsfirst" or "nullslast"'),
        ("id.descc", 8, "unexpected 'c' expecting delimiter (.), \",\" or end of input"),
        ("id.nullslasttt", 13, "unexpected 't' expecting \",\" or end of input"),
        ("id.asc.smth34", 8, 'unexpected "s" expecting "nullsfirst" or "nullslast"'),
        ("id.asc.nullslasttt", 17, "unexpected 't' expecting \",\" or end of input"),
        ("clients(name,id)", 13, 'unexpected "," expecting letter, digit, "-", "->>", "->" or ")"'),
        ("id,", 4, "unexpected end of input expecting field name (* or [a..z0..9_$])"),
        ("a.count().b", 11, 'unexpected "b" expecting "asc", "desc", "nullsfirst" or "nullslast"'),
        ("a.b.count()", 3, 'unexpected "b" expecting "asc", "desc", "nullsfirst" or "nullslast"'),
        ("id desc.x", 9, 'unexpected "x" expecting "asc", "desc", "nullsfirst" or "nullslast"'),
    ],
)
def test_a_malformed_order_says_what_and_where(text: str, column: int, details: str) -> None:
    problem = refusal(f"order={text}")
    assert problem.message == f'"failed to parse order ({text})" (line 1, column {column})'
    assert problem.details == details


def eq(column: str, index: int = 0) -> Compare:
    return Compare(Field(column), EQ, Slot(index))


EMBEDS: list[tuple[str, tuple[Item, ...], tuple[object, ...]]] = [
    ("select=id,a(id)&a.id=eq.1", (ID, Embed("a", select=(ID,), where=eq("id"))), ("1",)),
    ("a.id=eq.1&select=id,a(id)", (ID, Embed("a", select=(ID,), where=eq("id"))), ("1",)),
    ("select=x:a(id)&x.id=eq.1", (Embed("a", "x", select=(ID,), where=eq("id")),), ("1",)),
    ("select=x:a(id)&a.id=eq.1", (Embed("a", "x", select=(ID,), where=eq("id")),), ("1",)),
    ("select=x:a(),y:a()&y.id=eq.1", (Embed("a", "x"), Embed("a", "y", where=eq("id"))), ("1",)),
    ("select=...a(id)&a.id=eq.1", (Embed("a", spread=True, select=(ID,), where=eq("id")),), ("1",)),
    ("select=a(b(id))&a.b.id=eq.1", (Embed("a", select=(Embed("b", select=(ID,), where=eq("id")),)),), ("1",)),
    ("select=a(b())&a.id=eq.1&a.b.id=eq.2",
     (Embed("a", select=(Embed("b", where=eq("id", 1)),), where=eq("id")),), ("1", "2")),
    ("select=a()&a.or=(id.eq.1,id.eq.2)", (Embed("a", where=Or((eq("id"), eq("id", 1)))),), ("1", "2")),
    ("select=a()&a.not.or=(id.eq.1)", (Embed("a", where=Not(Or((eq("id"),)))),), ("1",)),
    ("select=a()&not.a.or=(id.eq.1)", (Embed("a", where=Not(Or((eq("id"),)))),), ("1",)),
    ("select=a()&a.and=(id.eq.1,id.eq.2)", (Embed("a", where=And((eq("id"), eq("id", 1)))),), ("1", "2")),
    ("select=a()&a.data->>k=eq.1",
     (Embed("a", where=Compare(Field("data", (Step("k", True),)), EQ, Slot(0))),), ("1",)),
    ("select=a()&a.order=id.desc,b(id)",
     (Embed("a", order=(Order(Field("id"), True), Order(Field("id"), relation="b"))),), ()),
    ("select=a()&a.limit=2&a.offset=3", (Embed("a", limit=2, offset=3),), ()),
    ("select=a(b())&a.b.limit=0", (Embed("a", select=(Embed("b", limit=0),)),), ()),
    ('select="x.y":a()&"x.y".id=eq.1', (Embed("a", "x.y", where=eq("id")),), ("1",)),
]  # fmt: skip


@pytest.mark.parametrize(("query", "select", "values"), EMBEDS, ids=[query for query, _, _ in EMBEDS])
def test_a_parameter_finds_its_embed(query: str, select: tuple[Item, ...], values: tuple[object, ...]) -> None:
    shape, found = read(query)
    assert shape.select == select
    assert found == values


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("nope.id=eq.1", "nope"),
        ("select=*,x:a(*)&xx.id=eq.1", "xx"),
        ("select=a(b(*))&a.c.id=eq.1", "c"),
        ("select=a(b(*))&b.id=eq.1", "b"),
        ("nope.order=id", "nope"),
        ("nope.limit=1", "nope"),
        ("nope.offset=1", "nope"),
        ("nope.or=(id.eq.1)", "nope"),
        ("select=a&a.id=eq.1", "a"),
    ],
)
def test_a_parameter_of_an_embed_that_is_not_selected_is_refused(query: str, name: str) -> None:
    problem = refusal(query)
    assert problem.code == "PGRST108"
    assert problem.message == f"'{name}' is not an embedded resource in this request"
    assert problem.hint == f"Verify that '{name}' is included in the 'select' query parameter."


@pytest.mark.parametrize(
    ("query", "truth"),
    [("a=is.null", Truth.NULL), ("a=not.is.null", Truth.NOT_NULL), ("a=is.not_null", Truth.NOT_NULL)],
)
def test_a_null_filter_on_an_embed_stays_a_filter_on_its_name(query: str, truth: Truth) -> None:
    assert read(f"select=a()&{query}")[0].where == Is(Field("a"), truth)


def page(query: str, range_header: str | None = None, method: str = "GET") -> tuple[int | None, object]:
    """The limit, and the value that the offset's slot holds."""
    headers = {} if range_header is None else {"range": range_header, "range-unit": "items"}
    operation = parse(query, method, headers).operation
    assert operation is not None
    assert isinstance(operation.shape, Read)
    offset = operation.shape.offset
    return operation.shape.limit, None if offset is None else operation.values[offset]


@pytest.mark.parametrize(
    ("query", "range_header", "expected"),
    [
        ("", None, (None, None)),
        ("limit=5", None, (5, None)),
        ("limit=0", None, (0, None)),
        ("limit=+5", None, (None, None)),
        ("offset=0", None, (None, None)),
        ("offset=7", None, (None, "7")),
        ("offset=007", None, (None, "7")),
        ("limit=5&offset=7", None, (5, "7")),
        ("limit=0&offset=7", None, (0, None)),
        ("", "0-9", (10, None)),
        ("", "5-9", (5, "5")),
        ("", "5-", (None, "5")),
        ("", "0-", (None, None)),
        ("", "bytes=0-9", (None, None)),
        ("", "what", (None, None)),
        ("limit=3", "0-9", (3, None)),
        ("limit=30", "0-9", (10, None)),
        ("offset=4", "0-9", (6, "4")),
        ("limit=4&offset=4", "6-9", (2, "6")),
        ("limit=0", "5-9", (0, None)),
    ],
)
def test_limit_offset_and_range_meet(query: str, range_header: str | None, expected: tuple[int | None, object]) -> None:
    if query == "limit=+5":
        assert refusal(query).code == "PGRST100"  # a plus is a space in a query string
    else:
        assert page(query, range_header) == expected


def test_a_range_counts_only_for_get() -> None:
    assert page("", "0-9", "HEAD") == (None, None)


def test_an_offset_is_a_value_and_a_limit_is_shape() -> None:
    assert read("offset=5")[0] == read("offset=6")[0]
    assert read("limit=5")[0] != read("limit=6")[0]


def test_an_offset_and_filters_are_numbered_as_they_come() -> None:
    shape, values = read("a=eq.1&offset=5&b=eq.2")
    assert values == ("1", "5", "2")
    assert shape.offset == 1


@pytest.mark.parametrize(
    ("query", "range_header", "code", "details"),
    [
        ("limit=-1", None, "PGRST103", "Limit should be greater than or equal to zero."),
        ("offset=-1", None, "PGRST103", "Offset should be greater than or equal to zero."),
        ("limit=x", None, "PGRST100", 'unexpected "x" expecting a whole number of at most 18 digits'),
        ("offset=1.5", None, "PGRST100", 'unexpected "1" expecting a whole number of at most 18 digits'),
        ("limit=", None, "PGRST100", "unexpected end of input expecting a whole number of at most 18 digits"),
        ("limit=" + "9" * 19, None, "PGRST100", 'unexpected "9" expecting a whole number of at most 18 digits'),
        ("select=a()&a.limit=x", None, "PGRST100", 'unexpected "x" expecting a whole number of at most 18 digits'),
        ("select=a()&a.limit=-1", None, "PGRST103", "Limit should be greater than or equal to zero."),
        ("", "1-0", "PGRST103",
         "The lower boundary must be lower than or equal to the upper boundary in the Range header."),
        ("offset=20", "0-9", "PGRST103", "Limit should be greater than or equal to zero."),
        ("limit=3", "5-9", "PGRST103", "Limit should be greater than or equal to zero."),
    ],
)  # fmt: skip
def test_a_page_that_can_not_be_is_refused(query: str, range_header: str | None, code: str, details: str) -> None:
    headers = {} if range_header is None else {"range": range_header}
    problem = refusal(query, headers=headers)
    assert (problem.code, problem.details) == (code, details)


@pytest.mark.parametrize(
    "query",
    ["limit=1&limit=2", "select=a&select=b", "order=a&order=b", "offset=1&offset=1", "select=a()&a.order=b&a.order=c"],
)
def test_a_parameter_that_may_come_once_is_refused_twice(query: str) -> None:
    assert refusal(query).code == "MS448"


def test_empty_parameters_between_ampersands_are_nothing() -> None:
    assert read("&id=eq.1&&limit=2&") == read("id=eq.1&limit=2")


@pytest.mark.parametrize("path", ["/films", "/Server Today", "/Escap3e;", "/фильмы", "/ghostBusters"])
def test_a_table_is_named_by_the_path(path: str) -> None:
    operation = WIRE.parse(request(target=path)).operation
    assert operation is not None
    assert operation.shape.table.name == path[1:]


@pytest.mark.parametrize(
    ("path", "code"),
    [("/a/b", "PGRST125"), ("/a/", "PGRST125"), ("//", "PGRST125"), ("films", "PGRST125"), ("/rpc/a/b", "PGRST125")],
)
def test_a_path_that_names_no_table_is_refused(path: str, code: str) -> None:
    with pytest.raises(Problem) as refused:
        WIRE.parse(request(target=path))
    assert refused.value.code == code
