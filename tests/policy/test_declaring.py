"""What a team declares becomes rules, or an error at start-up that says what, where and what to try."""

import copy
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from sqlalchemy import func, or_, true

from mainstay.core.condition import TRUE, And, Call, Claim, Compare, Field, Literal, Operator, Present, Related
from mainstay.core.problem import DeclarationError
from mainstay.core.rule import Action, Rule
from mainstay.policy.declare import Policies, Role, claim, excluding
from mainstay.policy.select import Policy
from policy.shop import (
    ORDERS,
    REPORT,
    SHELVES,
    STORES,
    Order,
    Shelf,
    Status,
    Store,
    order_tags,
    relation_index,
    shop,
)

CATALOG = shop()
SUB = Claim(("sub",))
ORG = Claim(("org", "id"))
MINE = Compare(Field("customer_id"), Operator.EQ, SUB)
WRITABLE = frozenset(CATALOG.tables[ORDERS].columns) - {"gross", "summary"}


def declared(write: Callable[[Role], object]) -> Policy:
    policies = Policies()
    write(policies.role("clerk"))
    return Policy(CATALOG, policies)


def rule(action: Action, write: Callable[[Role], object]) -> Rule:
    (found,) = declared(write).rules("clerk", action, ORDERS)
    return found


def columns(said: Any, action: Action = Action.READ) -> frozenset[str]:
    return rule(action, lambda role: role.may(action.value, Order, columns=said)).columns


@pytest.mark.parametrize("model", [Order, Order.__table__, "orders", "public.orders"], ids=str)
def test_a_model_is_a_class_a_table_or_text(model: Any) -> None:
    assert rule(Action.READ, lambda role: role.may("read", model, columns="*")).table == ORDERS


def test_a_table_of_another_schema_is_named_with_it() -> None:
    policy = declared(lambda role: role.may("read", Shelf, columns="*").may("read", "depot.shelves", columns=["label"]))
    assert len(policy.rules("clerk", Action.READ, SHELVES)) == 2


@pytest.mark.parametrize(
    ("said", "names"),
    [
        ("*", set(CATALOG.tables[ORDERS].columns)),
        (["id", "note"], {"id", "note"}),
        ([Order.id, Order.renamed], {"id", "odd name"}),
        ((Order.__table__.c.id,), {"id"}),
        ([Order.summary], {"summary"}),
        (excluding("note", Order.total), set(CATALOG.tables[ORDERS].columns) - {"note", "total"}),
        (excluding(), set(CATALOG.tables[ORDERS].columns)),
    ],
    ids=str,
)
def test_columns_are_named_by_name_or_attribute(said: Any, names: set[str]) -> None:
    assert columns(said) == names


@pytest.mark.parametrize("action", [Action.CREATE, Action.UPDATE])
def test_a_write_of_every_column_leaves_out_the_generated(action: Action) -> None:
    assert columns("*", action) == WRITABLE
    assert columns(excluding("id"), action) == WRITABLE - {"id"}


def test_a_list_for_reads_and_writes_may_name_a_generated_column() -> None:
    policy = declared(lambda role: role.may(("read", "update"), Order, columns=["note", "gross"]))
    assert policy.rules("clerk", Action.READ, ORDERS)[0].columns == {"note", "gross"}
    assert policy.rules("clerk", Action.UPDATE, ORDERS)[0].columns == {"note"}


@pytest.mark.parametrize(
    ("said", "actions"),
    [
        ("read", {Action.READ}),
        (("read", "delete"), {Action.READ, Action.DELETE}),
        (["create"], {Action.CREATE}),
        ("all", set(Action)),
        (("all", "read"), set(Action)),
    ],
    ids=str,
)
def test_actions_are_one_or_several(said: str | Iterable[str], actions: set[Action]) -> None:
    assert declared(lambda role: role.may(said, Order, columns="*")).actions("clerk", ORDERS) == actions


def test_only_a_delete_goes_without_columns() -> None:
    assert rule(Action.DELETE, lambda role: role.may("delete", Order)).columns == frozenset()
    assert rule(Action.DELETE, lambda role: role.may("delete", Order, columns="*")).columns == frozenset()


def test_keywords_reach_the_rules_that_they_are_about() -> None:
    policy = declared(
        lambda role: role.may(
            "all",
            Order,
            columns="*",
            rows=Order.customer_id == "x",
            check=Order.id > 3,
            presets={"note": "n"},
            rows_max=5,
            unfiltered=True,
        )
    )
    of = {action: policy.rules("clerk", action, ORDERS)[0] for action in Action}
    mine = Compare(Field("customer_id"), Operator.EQ, Literal("x"))
    bound = Compare(Field("id"), Operator.GT, Literal("3"))
    note = (("note", Literal("n")),)
    assert [of[action].rows for action in Action] == [mine, TRUE, mine, mine]
    assert [of[action].check for action in Action] == [TRUE, bound, bound, TRUE]
    assert [of[action].presets for action in Action] == [(), note, note, ()]
    assert [of[action].rows_max for action in Action] == [5, None, None, None]
    assert [of[action].unfiltered for action in Action] == [False, False, True, True]


def test_an_update_without_a_check_must_leave_the_row_where_it_may_be_updated() -> None:
    rows = Order.customer_id == claim.sub
    found = rule(Action.UPDATE, lambda role: role.may("update", Order, columns="*", rows=rows))
    assert found.check == found.rows == And((Present(SUB), MINE))


def test_an_update_may_be_let_out_of_its_rows() -> None:
    found = rule(
        Action.UPDATE,
        lambda role: role.may("update", Order, columns="*", rows=Order.customer_id == claim.sub, check=true()),
    )
    assert found.check == Present(SUB)


def test_every_claim_of_a_rule_must_be_there_however_deep_it_is() -> None:
    found = rule(
        Action.UPDATE,
        lambda role: role.may(
            "update",
            Order,
            columns=["note"],
            rows=or_(Order.paid, ~Order.store.has(Store.owner_id == claim.sub)),
            check=or_(Order.paid, Order.store_id.in_(claim.stores)),
            presets={"token": claim.token},
        ),
    )
    guards = (Present(Claim(("stores",), many=True)), Present(SUB), Present(Claim(("token",))))
    assert isinstance(found.rows, And)
    assert isinstance(found.check, And)
    assert found.rows.of[:3] == found.check.of[:3] == guards


def test_a_claim_of_a_preset_guards_a_create() -> None:
    found = rule(Action.CREATE, lambda role: role.may("create", Order, columns="*", presets={"customer_id": claim.sub}))
    assert found.check == Present(SUB)
    assert found.rows == TRUE


def test_a_claim_in_the_junctions_condition_is_guarded_too() -> None:
    rows = Order.tags.any(order_tags.c.weight == claim.weight)
    found = rule(Action.READ, lambda role: role.may("read", Order, columns="*", rows=rows))
    weight = Claim(("weight",))
    through = Compare(Field("weight"), Operator.EQ, weight)
    assert found.rows == And((Present(weight), Related(relation_index(ORDERS, "tags"), TRUE, through)))


@pytest.mark.parametrize(
    ("column", "value", "operand"),
    [
        ("customer_id", claim.sub, SUB),
        (Order.customer_id, claim.org.id, ORG),
        ("labels", claim.groups, Claim(("groups",), many=True)),
        ("note", "x", Literal("x")),
        ("note", None, Literal(None)),
        ("total", 3, Literal("3")),
        ("paid", True, Literal("true")),
        (Order.status, Status.PAID, Literal("PAID")),
        ("status", "PAID", Literal("PAID")),
        ("doc", {"a": 1}, Literal('{"a":1}')),
        ("doc", "text", Literal('"text"')),
        (Order.doc, {"a": 1}, Literal('{"a": 1}')),
        ("labels", ["a"], Literal('{"a"}')),
        ("placed_at", func.now(), Call("now")),
        (Order.note, func.lower(claim.sub), Call("lower", (SUB,))),
    ],
    ids=str,
)
def test_presets_are_claims_constants_or_calls(column: Any, value: Any, operand: Any) -> None:
    found = rule(Action.CREATE, lambda role: role.may("create", Order, columns="*", presets={column: value}))
    ((_, preset),) = found.presets
    assert preset == operand


@pytest.mark.parametrize(("said", "named"), [("*", True), (["customer_id"], True), (excluding("customer_id"), False)])
def test_a_payload_may_name_a_preset_column_where_columns_says_so(said: Any, named: bool) -> None:
    found = rule(
        Action.CREATE, lambda role: role.may("create", Order, columns=said, presets={"customer_id": claim.sub})
    )
    assert ("customer_id" in found.columns) is named
    assert found.presets == (("customer_id", SUB),)


def test_a_rule_may_write_nothing_but_presets() -> None:
    found = rule(Action.CREATE, lambda role: role.may("create", Order, columns=[], presets={"customer_id": claim.sub}))
    assert found.columns == frozenset()


@pytest.mark.parametrize(
    ("write", "said", "hint"),
    [
        (lambda role: role.may("reed", Order, columns="*"), "'reed' is no action", "read, create"),
        (lambda role: role.may((), Order, columns="*"), "no action", "read, create"),
        (lambda role: role.may("read", "ordrs", columns="*"), "no table 'ordrs'", "Did you mean 'orders'?"),
        (lambda role: role.may("read", "depot.shelvs", columns="*"), "'depot.shelvs'", "Did you mean 'depot.shelves'?"),
        (lambda role: role.may("read", "zzz", columns="*"), "no table 'zzz'", "the catalog holds public.order_tags"),
        (lambda role: role.may("read", int, columns="*"), "is no model", "a mapped class"),
        (lambda role: role.may("read", 5, columns="*"), "5 is no model", "a mapped class"),
        (lambda role: role.may("read", Order), "columns is not said", "excluding"),
        (lambda role: role.may("read", Order, columns="note"), "columns is 'note'", "columns=['note']"),
        (lambda role: role.may("read", Order, columns=[]), "columns is empty", "leave the rule out"),
        (lambda role: role.may("update", Order, columns=excluding(*WRITABLE)), "columns is empty", "leave the rule"),
        (lambda role: role.may("read", Order, columns=["nota"]), "no column 'nota'", "Did you mean 'note'?"),
        (lambda role: role.may("read", Order, columns=["renamed"]), "no column 'renamed'", "its columns are"),
        (lambda role: role.may("read", Order, columns=excluding("totl")), "no column 'totl'", "Did you mean 'total'?"),
        (lambda role: role.may("read", Order, columns=[Store.region]), "no column 'Store.region'", "its columns are"),
        (lambda role: role.may("read", Order, columns=[Order.store]), "no column 'Order.store'", "Did you mean"),
        (lambda role: role.may("read", Order, columns=[7]), "no column '7'", "its columns are"),
        (lambda role: role.may("update", Order, columns=["gross"]), "'gross' is generated", "leave it out"),
        (lambda role: role.may(("create", "update"), Order, columns=["summary"]), "'summary' is gen", "leave it out"),
        (lambda role: role.may("delete", Order, columns=["id"]), "whole rows", "leave columns out"),
        (lambda role: role.may("create", Order, columns="*", rows=Order.paid), "rows says nothing", "check="),
        (lambda role: role.may("all", Order, columns="*", rows=Order.paid), "rows to be created", "check="),
        (lambda role: role.may("read", Order, columns="*", check=Order.paid), "check says nothing", "rows="),
        (lambda role: role.may("delete", Order, check=Order.paid), "check says nothing", "rows="),
        (lambda role: role.may("read", Order, columns="*", presets={"note": 1}), "presets says nothing", "leave them"),
        (lambda role: role.may("update", Order, columns="*", rows_max=3), "rows_max says nothing", "leave it out"),
        (lambda role: role.may("read", Order, columns="*", unfiltered=True), "unfiltered says", "leave unfiltered out"),
        (lambda role: role.may("read", Order, columns="*", rows_max=0), "rows_max is 0", "at least 1"),
        (lambda role: role.may("read", Order, columns="*", rows_max=True), "rows_max is True", "at least 1"),
        (lambda role: role.may("update", "report", columns="*"), "view that can't be written", '"read" alone'),
        (lambda role: role.may("all", "report", columns="*"), "view that can't be written", '"read" alone'),
        (lambda role: role.may("create", Order, columns="*", presets={"nota": 1}), "'nota'", "Did you mean 'note'?"),
        (lambda role: role.may("create", Order, columns="*", presets={"gross": 1}), "'gross' is gen", "leave it out"),
        (lambda role: role.may("create", Order, columns="*", presets={"summary": "x"}), "'summary' is", "leave it out"),
        (lambda role: role.may("create", Order, columns="*", presets={"id": "x"}), "not a whole number", "a constant"),
        (lambda role: role.may("create", Order, columns="*", presets={"id": None}), "can't be NULL", "a constant"),
        (lambda role: role.may("create", Order, columns="*", presets={"status": "LOST"}), "OPEN, PAID", "a constant"),
        (lambda role: role.may("create", Order, columns="*", presets={"note": Order.customer_id}), "no row", "a claim"),
        (
            lambda role: role.may("create", Order, columns="*", presets={"note": "a", Order.note: "b"}),
            "'note' twice",
            "keep one",
        ),
        (
            lambda role: role.may("read", Order, columns="*", rows=func.md5(Order.note) == "x"),
            "md5(orders",
            "use one of",
        ),
        (lambda role: role.may("create", Order, columns="*", check=claim.admin), "claim.admin", "role"),
    ],
)
def test_refuses_what_does_not_hold_together(write: Callable[[Role], object], said: str, hint: str) -> None:
    with pytest.raises(DeclarationError) as raised:
        declared(write)
    assert said in raised.value.what
    assert hint in raised.value.hint
    assert "role 'clerk'" in raised.value.where


def test_an_error_names_role_action_and_table() -> None:
    with pytest.raises(DeclarationError) as raised:
        declared(lambda role: role.may(("read", "update"), Order, columns="*", rows=Order.id + 1 == 2))
    assert raised.value.where == "role 'clerk', read on public.orders"


def test_a_role_is_declared_once() -> None:
    policies = Policies()
    policies.role("clerk")
    with pytest.raises(DeclarationError, match="declared twice"):
        policies.role("clerk")


def test_a_role_needs_a_name() -> None:
    with pytest.raises(DeclarationError, match="needs a name"):
        Policies().role("")


def test_an_inherited_role_must_be_declared() -> None:
    policies = Policies()
    policies.role("boss", inherits=["clrk"])
    policies.role("clerk")
    with pytest.raises(DeclarationError, match=r"inherits 'clrk'.*\n.*Did you mean 'clerk'"):
        Policy(CATALOG, policies)


@pytest.mark.parametrize(
    ("links", "cycle"),
    [
        ({"a": ["a"]}, "a → a"),
        ({"a": ["b"], "b": ["a"]}, "a → b → a"),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, "b → c → b"),
    ],
    ids=str,
)
def test_inheritance_has_no_cycles(links: dict[str, list[str]], cycle: str) -> None:
    policies = Policies()
    for name, inherits in links.items():
        policies.role(name, inherits=inherits)
    with pytest.raises(DeclarationError, match=cycle):
        Policy(CATALOG, policies)


def test_a_role_may_be_inherited_before_it_is_declared_and_by_itself_as_an_object() -> None:
    policies = Policies()
    policies.role("boss", inherits=["clerk"])
    clerk = policies.role("clerk").may("read", Order, columns="*")
    policies.role("owner", inherits=[clerk])
    policy = Policy(CATALOG, policies)
    assert policy.actions("boss", ORDERS) == policy.actions("owner", ORDERS) == {Action.READ}


def test_a_view_may_be_read() -> None:
    policy = declared(lambda role: role.may("read", "report", columns="*"))
    assert policy.actions("clerk", REPORT) == {Action.READ}


def test_any_attribute_of_claim_is_a_claims_name() -> None:
    for name in ("name", "type", "key", "in_", "path", "is_", "__weird", "_private"):
        assert claim[name].__clause_element__().path == (name,)
    assert claim._private.items.__clause_element__().path == ("_private", "items")


@pytest.mark.parametrize(
    ("misuse", "said"),
    [
        (lambda: bool(claim.admin), "no value while policies are declared"),
        (lambda: claim.stores.in_([1]), "not a method"),
        (lambda: list(claim.stores), "not iterable"),
        (lambda: "x" in claim.stores, "not a container"),
        (lambda: claim.stores[0], "named by text"),
        (lambda: Order.id == claim, "claim alone is no value"),
    ],
)
def test_misuse_of_a_claim_is_a_type_error(misuse: Callable[[], object], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        misuse()


def test_a_claim_is_a_value() -> None:
    assert hash(claim.sub) == hash(claim.sub)
    assert repr(claim.org["a b"]) == 'claim.org["a b"]'
    assert repr(copy.copy(claim.sub)) == "claim.sub"


def test_stores_are_there_to_be_read_by_name() -> None:
    policy = declared(lambda role: role.may("read", Store, columns=["id"]))
    assert policy.visible("clerk") == (STORES,)
