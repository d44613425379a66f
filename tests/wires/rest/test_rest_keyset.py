"""Pages by key in URLs: what asks for them, what their links say, and which cursors are none."""

import re

import pytest
from rest_requests import WIRE, parse, read, refusal, request

from mainstay.core.condition import Compare, Field, Operator, Slot
from mainstay.core.cursor import mark_of
from mainstay.core.operation import Order, TableRef
from mainstay.core.result import Result
from mainstay.wires.rest import RestWire

FULL = Result(b"[1,2]", 2, cursor=b'["a & b",null,"7"]')
LINK = re.compile(r'<([^>]*)>; rel="(\w+)"')


def links(query: str, result: Result = FULL, method: str = "GET") -> dict[str, str]:
    """The targets of an answer's links, by their relations."""
    headers = dict(WIRE.render(parse(query, method), result).headers)
    return {rel: target for target, rel in LINK.findall(headers.get("link", ""))}


def next_query(query: str, result: Result = FULL) -> str:
    return links(query, result)["next"].partition("?")[2]


def test_an_empty_cursor_asks_for_the_first_page() -> None:
    shape, values = read("after=()&limit=2")
    assert shape.after == ()
    assert shape.limit == 2
    assert values == ()


def test_the_next_link_asks_for_what_is_behind_the_last_row() -> None:
    shape, values = read(next_query("id=gt.1&order=title,year.desc&limit=2&after=()"))
    assert shape.order == (Order(Field("title")), Order(Field("year"), True))
    assert shape.where == Compare(Field("id"), Operator.GT, Slot(0))
    assert shape.after == (Slot(1), None, Slot(2))
    assert values == ("1", "a & b", "7")


def test_a_next_link_leads_to_the_next_and_to_the_first() -> None:
    query = "select=a->>b,%22c%20d%22&after=()&order=title"
    first = links(query)
    assert first["first"] == "/films?select=a-%3E%3Eb,%22c%20d%22&order=title&after=()"
    assert links(first["next"].partition("?")[2]) == first
    assert links(query, method="HEAD") == first


def test_the_last_page_has_no_next() -> None:
    assert list(links("after=()", Result(b"[1]", 1))) == ["first"]


def test_a_page_behind_a_cursor_does_not_know_its_place() -> None:
    call = parse(next_query("order=id&after=()", Result(b"[]", 0, cursor=b'["1"]')))
    headers = dict(WIRE.render(call, Result(b"[1]", 1, total=5)).headers)
    assert headers["content-range"] == "*/5"
    assert dict(WIRE.render(parse("after=()"), Result(b"[1]", 1, total=5)).headers)["content-range"] == "0-0/5"


def test_a_query_past_the_limit_of_a_head_has_no_links() -> None:
    assert links(f"after=()&title=eq.{'x' * 5_000}") == {}


@pytest.mark.parametrize("filter_", ["after=eq.1", "after=in.(1)", "after=is.null"])
def test_a_column_may_be_called_after(filter_: str) -> None:
    shape, _ = read(filter_)
    assert shape.after is None
    assert "link" not in dict(WIRE.render(parse(filter_), FULL).headers)


def test_pages_are_not_remembered() -> None:
    wire = RestWire(prefix="")
    for number in (1, 2):
        call = wire.parse(request("GET", f"/films?id=eq.{number}&after=()"))
        assert dict(wire.render(call, FULL).headers)["link"].count(f"id=eq.{number}") == 2


def mark(order: str) -> str:
    return mark_of(TableRef("films"), read(f"order={order}")[0].order if order else ())


@pytest.mark.parametrize("other", ["", "id", "id.desc,title", "title.nullsfirst", "title,year", "title->a"])
def test_a_mark_tells_orders_apart(other: str) -> None:
    assert mark("title") != mark(other)
    assert mark_of(TableRef("films"), ()) != mark_of(TableRef("actors"), ())


@pytest.mark.parametrize(
    "text",
    [
        "(x)",
        "(x",
        "()x",
        "(%C3%A9)",
        "(W10)",
        "(e30)",
        "(bnVsbA)",
        "(WyJhIixbXV0)",
        "(====)",
        "((",
        "(WyJhIixbMV1d)",
        "(%00)",
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    assert refusal(f"after={text}").code == "MS468"


def test_a_cursor_of_another_order_or_table_is_refused() -> None:
    query = next_query("order=id&after=()")
    assert refusal(query.replace("order=id", "order=id.desc")).code == "MS468"
    call = request("GET", f"/actors?{query}")
    with pytest.raises(Exception, match="cursor"):
        WIRE.parse(call)


@pytest.mark.parametrize(
    ("query", "method", "code"),
    [
        ("after=()&offset=1", "GET", "MS469"),
        ("after=()&offset=1", "HEAD", "MS469"),
        ("after=()&id=eq.1", "DELETE", "MS469"),
        ("after=()&after=()", "GET", "MS448"),
        ("actors.after=()&select=actors()", "GET", "PGRST100"),
        ("after=", "GET", "PGRST100"),
        ("after=abc", "GET", "PGRST100"),
    ],
)
def test_what_does_not_go_together_is_refused(query: str, method: str, code: str) -> None:
    assert refusal(query, method=method).code == code


def test_a_range_may_bound_a_page_and_not_move_it() -> None:
    assert refusal("after=()", headers={"range": "1-2"}).code == "MS469"
    operation = parse("after=()", headers={"range": "0-2"}).operation
    assert operation is not None
    assert operation.shape.limit == 3  # type: ignore[union-attr]
