"""The oracle answers reads from the declared rules alone."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from mainstay.core.condition import (
    TRUE,
    Aggregate,
    And,
    Compare,
    Condition,
    Field,
    Is,
    Literal,
    Not,
    Operator,
    Slot,
    Truth,
)
from mainstay.core.limits import Limits
from mainstay.core.operation import Embed, Format, Join, Nulls, Pick, Read, Star, TableRef
from mainstay.core.operation import Order as Sort
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.policy.declare import Policies, Role, claim
from mainstay.policy.select import Policy
from mainstay.testing.oracle import answer, total, visible_rows
from policy.shop import ORDER_TAGS, ORDERS, STORES, TAGS, Order, Store, Tag, order_tags, shop

CATALOG = shop()
BLANK: dict[str, Any] = dict.fromkeys(CATALOG.tables[ORDERS].columns)


def order(id: int, **values: Any) -> dict[str, Any]:
    return {**BLANK, "id": id, **values}


DATABASE = {
    ORDERS: [
        order(1, customer_id="ann", store_id=1, total=Decimal("10.50"), paid=True, status="PAID"),
        order(2, customer_id="ann", store_id=2, total=Decimal(20), paid=None, note="b", parent_id=1, status="OPEN"),
        order(3, customer_id="bob", store_id=None, total=None, paid=False, note="a", parent_id=1, status="OPEN"),
    ],
    STORES: [{"id": 1, "owner_id": "sue", "region": None}, {"id": 2, "owner_id": "ann", "region": "north"}],
    TAGS: [{"id": 10, "name": "new"}, {"id": 11, "name": "old"}],
    ORDER_TAGS: [
        {"order_id": 1, "tag_id": 10, "weight": 5},
        {"order_id": 1, "tag_id": 11, "weight": 1},
        {"order_id": 3, "tag_id": 11, "weight": 9},
    ],
}
ANN = Principal("clerk", {"sub": "ann"})
NOBODY = Principal("clerk", {})
EVERYTHING = ("orders", "stores", "tags", "order_tags")


def policy(*declare: Callable[[Role], object]) -> Policy:
    policies = Policies()
    role = policies.role("clerk")
    for each in declare:
        each(role)
    return Policy(CATALOG, policies)


def may_read(model: Any, columns: Any = "*", **rest: Any) -> Callable[[Role], object]:
    return lambda role: role.may("read", model, columns=columns, **rest)


ALL = policy(*map(may_read, EVERYTHING))
MINE = may_read(Order, ["id", "customer_id", "note"], rows=Order.customer_id == claim.sub)
UNPAID = may_read(Order, ["id", "total"], rows=Order.paid.is_(None))


def ask(
    *select: Any,
    where: Condition = TRUE,
    table: str = "orders",
    of: Policy = ALL,
    values: tuple[Any, ...] = (),
    principal: Principal = ANN,
    **rest: Any,
) -> Any:
    read = Read(TableRef(table), select or (Star(),), where, **rest)
    return answer(read, values, principal, DATABASE, CATALOG, of)


def pick(column: str, alias: str | None = None, aggregate: Aggregate | None = None) -> Pick:
    return Pick(Field(column), alias, aggregate)


def is_(column: str, text: str) -> Compare:
    return Compare(Field(column), Operator.EQ, Literal(text))


ID = pick("id")


def test_a_row_is_visible_where_any_rule_shows_it_and_shows_what_these_rules_grant() -> None:
    assert visible_rows(policy(MINE, UNPAID), ANN, ORDERS, DATABASE, CATALOG) == [
        {"id": 1, "customer_id": "ann", "note": None, "total": None},
        {"id": 2, "customer_id": "ann", "note": "b", "total": Decimal(20)},
    ]
    assert visible_rows(policy(MINE, UNPAID), NOBODY, ORDERS, DATABASE, CATALOG) == [
        {"id": 2, "customer_id": None, "note": None, "total": Decimal(20)},
    ]


def test_a_missing_claim_denies_the_whole_rule() -> None:
    rows = (Order.customer_id != claim.sub) | Order.paid
    assert visible_rows(policy(may_read(Order, rows=rows)), NOBODY, ORDERS, DATABASE, CATALOG) == []


def test_rules_look_at_rows_that_the_caller_does_not_see() -> None:
    of = policy(may_read(Order, ["id"], rows=Order.store.has(Store.owner_id == claim.sub)))
    assert ask(of=of) == [{"id": 2}]


def test_star_is_every_readable_column_in_order() -> None:
    assert ask(of=policy(UNPAID)) == [{"id": 2, "total": 20}]


def test_a_filter_sees_a_hidden_value_as_null() -> None:
    of = policy(MINE, UNPAID)
    assert ask(ID, where=is_("note", "b"), of=of, principal=NOBODY) == []
    assert ask(ID, where=Not(is_("note", "b")), of=of, principal=NOBODY) == []
    assert ask(ID, where=Is(Field("note"), Truth.NULL), of=of, principal=NOBODY) == [{"id": 2}]


@pytest.mark.parametrize(
    "read",
    [
        {"select": [pick("paid")]},
        {"select": [pick("paid", aggregate=Aggregate.MAX)]},
        {"where": is_("paid", "t")},
        {"where": Not(is_("nothing", "t"))},
        {"order": (Sort(Field("paid")),)},
    ],
    ids=str,
)
def test_a_column_that_is_not_granted_does_not_exist(read: dict[str, Any]) -> None:
    with pytest.raises(Problem) as raised:
        ask(*read.pop("select", ()), of=policy(MINE), principal=NOBODY, **read)
    assert raised.value.code == "42703"


@pytest.mark.parametrize(
    ("of", "table", "code"),
    [
        (policy(MINE), "stores", "PGRST205"),
        (policy(MINE), "nowhere", "PGRST205"),
        (policy(lambda role: role.may("create", Order, columns="*")), "orders", "42501"),
    ],
)
def test_a_table_that_is_not_granted_is_not_there(of: Policy, table: str, code: str) -> None:
    with pytest.raises(Problem) as raised:
        ask(of=of, table=table)
    assert raised.value.code == code


def test_to_one_embeds_an_object_or_null() -> None:
    assert ask(ID, Embed("store", select=(pick("owner_id", "owner"),))) == [
        {"id": 1, "store": {"owner": "sue"}},
        {"id": 2, "store": {"owner": "ann"}},
        {"id": 3, "store": None},
    ]


def test_to_many_embeds_a_list() -> None:
    children = Embed("children", select=(ID,), order=(Sort(Field("id"), descending=True),))
    assert ask(ID, children) == [
        {"id": 1, "children": [{"id": 3}, {"id": 2}]},
        {"id": 2, "children": []},
        {"id": 3, "children": []},
    ]


def test_many_to_many_goes_through_the_junction() -> None:
    assert ask(ID, Embed("tags", alias="t", select=(pick("name"),))) == [
        {"id": 1, "t": [{"name": "new"}, {"name": "old"}]},
        {"id": 2, "t": []},
        {"id": 3, "t": [{"name": "old"}]},
    ]


def test_hidden_junction_rows_lead_nowhere() -> None:
    light = may_read(order_tags, rows=order_tags.c.weight < 4)
    assert ask(ID, Embed("tags", select=(pick("name"),)), of=policy(may_read(Order), may_read(Tag), light))[0] == {
        "id": 1,
        "tags": [{"name": "old"}],
    }


@pytest.mark.parametrize(
    "of",
    [
        policy(may_read(Order)),
        policy(may_read(Order), may_read(Tag)),
        policy(may_read(Order), may_read(Tag), may_read(order_tags, ["tag_id"])),
        policy(may_read(Order), may_read(Tag, ["name"]), may_read(order_tags)),
        policy(may_read(Order, ["note"]), may_read(Tag), may_read(order_tags)),
    ],
)
def test_a_relation_is_there_when_its_columns_are_readable_on_every_side(of: Policy) -> None:
    with pytest.raises(Problem) as raised:
        ask(pick("note"), Embed("tags", select=(pick("name"),)), of=of, where=Is(Field("note"), Truth.NULL))
    assert raised.value.code == "PGRST200"


def test_a_hidden_join_column_joins_nothing() -> None:
    stores = may_read(Store)
    of = policy(stores, may_read(Order, ["id"]), may_read(Order, ["store_id"], rows=Order.id == 2))
    assert ask(ID, Embed("store", select=(ID,)), of=of) == [
        {"id": 1, "store": None},
        {"id": 2, "store": {"id": 2}},
        {"id": 3, "store": None},
    ]


def test_an_inner_embed_keeps_rows_with_related_ones_whatever_its_page() -> None:
    store = Embed("store", join=Join.INNER, select=(ID,), where=is_("owner_id", "ann"))
    assert ask(ID, store) == [{"id": 2, "store": {"id": 2}}]
    children = Embed("children", join=Join.INNER, select=(ID,), limit=0)
    assert ask(ID, children) == [{"id": 1, "children": []}]


def test_an_inner_embed_within_an_embed_narrows_the_embed() -> None:
    inner = Embed("store", join=Join.INNER, select=(ID,))
    assert ask(ID, Embed("children", select=(ID, inner)), where=is_("id", "1")) == [
        {"id": 1, "children": [{"id": 2, "store": {"id": 2}}]}
    ]


def test_an_empty_embed_is_joined_and_not_shown() -> None:
    assert ask(ID, Embed("store", join=Join.INNER)) == [{"id": 1}, {"id": 2}]


@pytest.mark.parametrize(("truth", "ids"), [(Truth.NULL, [2, 3]), (Truth.NOT_NULL, [1])], ids=str)
def test_an_embed_is_null_where_nothing_is_related(truth: Truth, ids: list[int]) -> None:
    found = ask(ID, Embed("children"), where=Is(Field("children"), truth))
    assert [row["id"] for row in found] == ids


def test_a_relation_is_named_by_its_name_or_its_table() -> None:
    assert ask(ID, Embed("shelves", select=(Star(),)), of=policy(may_read(Order), may_read("depot.shelves")))[0] == {
        "id": 1,
        "shelves": None,
    }
    with pytest.raises(Problem) as raised:
        ask(ID, Embed("stores", select=(ID,)))
    assert raised.value.code == "PGRST201"
    assert ask(ID, Embed("stores", hint="store_id", select=(ID,)))[0] == {"id": 1, "stores": {"id": 1}}


def test_a_spread_puts_members_beside_the_rows_own() -> None:
    assert ask(ID, Embed("store", spread=True, select=(pick("owner_id"),)))[1:] == [
        {"id": 2, "owner_id": "ann"},
        {"id": 3, "owner_id": None},
    ]
    assert ask(ID, Embed("children", spread=True, select=(pick("id", "child"),)))[0] == {"id": 1, "child": [2, 3]}


@pytest.mark.parametrize(
    ("key", "ids"),
    [
        (Sort(Field("note")), [3, 2, 1]),
        (Sort(Field("note"), descending=True), [1, 2, 3]),
        (Sort(Field("note"), nulls=Nulls.FIRST), [1, 3, 2]),
        (Sort(Field("note"), descending=True, nulls=Nulls.LAST), [2, 3, 1]),
        (Sort(Field("status"), descending=True), [1, 2, 3]),
        (Sort(Field("owner_id"), relation="store"), [2, 1, 3]),
    ],
    ids=str,
)
def test_rows_are_ordered_with_nulls_where_they_belong(key: Sort, ids: list[int]) -> None:
    found = ask(ID, Embed("store"), order=(key, Sort(Field("id"))))
    assert [row["id"] for row in found] == ids


@pytest.mark.parametrize(("relation", "code"), [("stores", "PGRST108"), ("children", "PGRST118")])
def test_an_order_by_a_relation_needs_a_to_one_embed(relation: str, code: str) -> None:
    with pytest.raises(Problem) as raised:
        ask(ID, Embed("children"), order=(Sort(Field("id"), relation=relation),))
    assert raised.value.code == code


def test_a_page_is_cut_by_limit_offset_rule_and_limits() -> None:
    by_id = (Sort(Field("id")),)
    assert ask(ID, order=by_id, limit=1, offset=0, values=("1",)) == [{"id": 2}]
    assert ask(ID, order=by_id, limit=0) == []
    assert ask(ID, order=by_id, limit=9, of=policy(may_read(Order, rows_max=2))) == [{"id": 1}, {"id": 2}]
    few = answer(Read(TableRef("orders"), (ID,)), (), ANN, DATABASE, CATALOG, ALL, Limits(rows_max=1))
    assert few == [{"id": 1}]
    assert total(Read(TableRef("orders"), (ID,), limit=1), (), ANN, DATABASE, CATALOG, ALL) == 3


def test_slots_are_the_requests_values() -> None:
    where = Compare(Field("id"), Operator.IN, Slot(0, many=True))
    assert ask(ID, where=where, values=(("1", "3"),)) == [{"id": 1}, {"id": 3}]


@pytest.mark.parametrize(
    ("select", "groups"),
    [
        ([Pick(None, aggregate=Aggregate.COUNT)], [{"count": 3}]),
        ([pick("total", aggregate=Aggregate.COUNT)], [{"count": 2}]),
        ([pick("total", aggregate=Aggregate.SUM)], [{"sum": 30.5}]),
        ([pick("total", "mean", Aggregate.AVG)], [{"mean": 15.25}]),
        ([pick("id", aggregate=Aggregate.AVG)], [{"avg": 2}]),
        (
            [pick("total", aggregate=Aggregate.MIN), pick("status", "last", Aggregate.MAX)],
            [{"min": 10.5, "last": "PAID"}],
        ),
        (
            [pick("customer_id"), pick("id", aggregate=Aggregate.COUNT)],
            [{"customer_id": "ann", "count": 2}, {"customer_id": "bob", "count": 1}],
        ),
    ],
    ids=str,
)
def test_aggregates_group_by_what_is_not_aggregated(select: list[Any], groups: list[Any]) -> None:
    assert ask(*select) == groups


def test_aggregates_of_no_rows() -> None:
    none = is_("id", "99")
    assert ask(Pick(None, aggregate=Aggregate.COUNT), pick("total", aggregate=Aggregate.SUM), where=none) == [
        {"count": 0, "sum": None}
    ]
    assert ask(pick("note"), Pick(None, aggregate=Aggregate.COUNT), where=none) == []


def test_an_embed_aggregates_its_own_rows() -> None:
    assert ask(ID, Embed("children", select=(Pick(None, aggregate=Aggregate.COUNT),)), where=is_("id", "1")) == [
        {"id": 1, "children": [{"count": 2}]}
    ]


def test_an_aggregate_does_not_count_hidden_values() -> None:
    found = ask(pick("note", aggregate=Aggregate.COUNT), of=policy(MINE, UNPAID), principal=NOBODY)
    assert found == [{"count": 0}]


def test_formats() -> None:
    assert ask(ID, where=is_("id", "1"), format=Format.OBJECT) == {"id": 1}
    assert ask(ID, format=Format.NONE) == 3
    assert ask(ID, pick("note"), where=is_("id", "1"), strip_nulls=True) == [{"id": 1}]
    with pytest.raises(Problem) as raised:
        ask(ID, format=Format.OBJECT)
    assert raised.value.code == "PGRST116"


@pytest.mark.parametrize(
    ("column", "operator", "text", "code"),
    [
        ("id", Operator.EQ, "x", "22P02"),
        ("note", Operator.MATCH, "(", "2201B"),
        ("note", Operator.LIKE, "never\\", "22025"),
    ],
)
def test_a_value_that_cannot_be_read_fails_without_a_row_to_compare_it_with(
    column: str, operator: Operator, text: str, code: str
) -> None:
    where = Compare(Field(column), operator, Slot(0))
    nothing = policy(may_read(Order, rows=Order.id < 0))
    with pytest.raises(Problem) as raised:
        ask(ID, where=And((is_("id", "99"), where)), of=nothing, values=(text,))
    assert raised.value.code == code
    with pytest.raises(Problem) as raised:
        ask(ID, Embed("children", select=(ID,), where=where), of=nothing, values=(text,))
    assert raised.value.code == code
