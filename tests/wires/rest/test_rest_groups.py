"""What is said of groups in URLs: aggregates with filters, having, orders by them, and distinct rows."""

import pytest
from rest_requests import read, refusal, request

from mainstay.core.condition import (
    TRUE,
    Aggregate,
    Aggregation,
    And,
    Compare,
    Condition,
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
from mainstay.core.operation import Embed, Order, Pick
from mainstay.core.problem import Problem
from mainstay.wires.rest import RestWire

COUNT = Aggregation(Aggregate.COUNT)


def compare(column: str, index: int = 0) -> Compare:
    return Compare(Field(column), Operator.EQ, Slot(index))


def above(left: Aggregation, index: int = 0) -> Compare:
    return Compare(left, Operator.GT, Slot(index))


PICKS = [
    ("count().filter(a.eq.1)", Pick(None, None, Aggregate.COUNT, where=And((compare("a"),))), ("1",)),
    ("n:count().filter(a.eq.1)::int", Pick(None, "n", Aggregate.COUNT, "int", And((compare("a"),))), ("1",)),
    ("n:a->>b::int.sum().filter(a.eq.1,or(b.eq.2,c.d.eq.3))::text",
     Pick(Field("a", (Step("b", True),), "int"), "n", Aggregate.SUM, "text",
          And((compare("a"), Or((compare("b", 1), Through("c", compare("d", 2))))))), ("1", "2", "3")),
    ("filter.max()", Pick(Field("filter"), None, Aggregate.MAX), ()),
]  # fmt: skip


@pytest.mark.parametrize(("text", "pick", "values"), PICKS, ids=[text for text, _, _ in PICKS])
def test_an_aggregate_may_be_of_some_rows(text: str, pick: Pick, values: tuple[str, ...]) -> None:
    shape, found = read(f"select={text}")
    assert shape.select == (pick,)
    assert found == values


HAVINGS: list[tuple[str, Condition]] = [
    ("(count().gt.1)", And((above(COUNT),))),
    ("( a.sum().gt.1 , count().is.null )", And((above(Aggregation(Aggregate.SUM, Field("a"))), Is(COUNT, Truth.NULL)))),
    ("(or(id.count().gt.1,not.and(count().not.gt.2)))",
     And((Or((above(Aggregation(Aggregate.COUNT, Field("id"))), Not(And((Not(above(COUNT, 1)),))))),))),
    ("(count().filter(a.eq.1).gt.2)", And((above(Aggregation(Aggregate.COUNT, None, And((compare("a"),))), 1),))),
]  # fmt: skip


@pytest.mark.parametrize(("text", "having"), HAVINGS, ids=[text for text, _ in HAVINGS])
def test_having_is_about_aggregates(text: str, having: Condition) -> None:
    assert read(f"having={text}")[0].having == having


def test_an_embed_has_its_own() -> None:
    shape, _ = read("select=a(count())&a.having=(count().gt.1)")
    assert shape.having == TRUE
    assert isinstance(shape.select[0], Embed)
    assert shape.select[0].having == And((above(COUNT),))


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("count()", COUNT),
        ("a.sum()", Aggregation(Aggregate.SUM, Field("a"))),
        ("a->>b::int.max()", Aggregation(Aggregate.MAX, Field("a", (Step("b", True),), "int"))),
        ("a.count()", Aggregation(Aggregate.COUNT, of=Through("a", TRUE))),
        ("count().filter(a.eq.1)", Aggregation(Aggregate.COUNT, None, And((compare("a"),)))),
    ],
)
def test_an_order_may_be_by_an_aggregate(text: str, field: Aggregation) -> None:
    assert read(f"order={text}.desc,id")[0].order == (Order(field, True), Order(Field("id")))


@pytest.mark.parametrize(
    ("text", "distinct"), [("(*)", ()), ("(a)", (Field("a"),)), ('(a,"b c")', (Field("a"), Field("b c")))]
)
def test_rows_may_be_distinct(text: str, distinct: tuple[Field, ...]) -> None:
    assert read(f"distinct={text}")[0].distinct == distinct


@pytest.mark.parametrize("name", ["having", "distinct", "after", "filter", "count"])
def test_columns_may_be_called_like_the_extensions(name: str) -> None:
    shape, _ = read(f"{name}=eq.1&order={name}&select={name}")
    assert shape.where == compare(name)
    assert shape.order == (Order(Field(name)),)
    assert (shape.having, shape.distinct, shape.after) == (TRUE, None, None)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("having=(a.gt.1)", "PGRST100"),
        ("having=(count().gt.1", "PGRST100"),
        ("having=(count().gt.1)x", "PGRST100"),
        ("having=(count()gt.1)", "PGRST100"),
        ("having=()", "PGRST100"),
        ("having=(max().gt.1)", "PGRST100"),
        ("having=(count().gt.1)&having=(count().gt.1)", "MS448"),
        ("distinct=(*)&distinct=(a)", "MS448"),
        ("distinct=()", "PGRST100"),
        ("distinct=(a", "PGRST100"),
        ("distinct=true", "PGRST100"),
        ("select=count().filter()", "PGRST100"),
        ("select=a.filter(b.eq.1)", "PGRST100"),
        ("select=count().filter(b.eq.1", "PGRST100"),
        ("a.having=(count().gt.1)", "PGRST108"),
        ("order=max()", "PGRST100"),
    ],
)
def test_what_says_nothing_of_groups_is_refused(query: str, code: str) -> None:
    assert refusal(query).code == code


@pytest.mark.parametrize("query", ["having=(count().gt.1)", "distinct=(*)"])
def test_a_write_has_no_groups(query: str) -> None:
    assert refusal(f"id=eq.1&{query}", method="DELETE").code == "MS470"


@pytest.mark.parametrize(
    "query", ["select=count()", "order=count()", "having=(count().gt.1)", "films.count()=gt.1", "or=(a.b.max().gt.1)"]
)
def test_where_aggregates_are_off_there_are_none(query: str) -> None:
    wire = RestWire(prefix="", aggregates_enabled=False)
    for _ in range(2):
        with pytest.raises(Problem) as refused:
            wire.parse(request("GET", f"/films?{query}"))
        assert refused.value.code == "PGRST123"


def test_values_inside_of_select_are_not_mixed_up_with_those_of_filters() -> None:
    wire = RestWire(prefix="")
    for low, high in (("1", "2"), ("3", "4"), ("3", "5")):
        call = wire.parse(request("GET", f"/films?id=eq.{high}&select=count().filter(year.gt.{low})"))
        assert call.operation is not None
        assert call.operation.values == (low, high)
