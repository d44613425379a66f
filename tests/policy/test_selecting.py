"""Rules of a role and of all that it inherits, joined: rows by OR, and each rule's columns tied to its own rows."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import false

from mainstay.core.catalog import TableKey
from mainstay.core.condition import FALSE, TRUE, And, Claim, Compare, Field, Literal, Operator, Or, Present
from mainstay.core.rule import Action, Reading
from mainstay.policy.declare import Policies, claim
from mainstay.policy.select import Policy
from policy.shop import ORDERS, STORES, TAGS, Order, Store, Tag, shop

CATALOG = shop()
EVERY = tuple(CATALOG.tables[ORDERS].columns)
PAID = Compare(Field("paid"), Operator.EQ, Literal("true"))
ONE = Compare(Field("id"), Operator.EQ, Literal("1"))
SUB = Claim(("sub",))
MINE = And((Present(SUB), Compare(Field("customer_id"), Operator.EQ, SUB)))


def policy_of(declare: Callable[[Policies], object]) -> Policy:
    policies = Policies()
    declare(policies)
    return Policy(CATALOG, policies)


def reading(*grants: dict[str, Any]) -> Reading:
    policies = Policies()
    role = policies.role("clerk")
    for grant in grants:
        role.may("read", Order, **grant)
    found = Policy(CATALOG, policies).reading("clerk", ORDERS)
    assert found is not None
    return found


def test_one_rule_masks_nothing() -> None:
    found = reading({"columns": ["note", "id"], "rows": Order.paid})
    assert found == Reading(PAID, {"id": None, "note": None})


def test_columns_are_in_the_catalogs_order() -> None:
    assert list(reading({"columns": ["note", "id", "total"]}).masks) == ["id", "note", "total"]


def test_rows_join_by_or_and_columns_stay_with_their_rows() -> None:
    found = reading(
        {"columns": ["id", "note"], "rows": Order.paid},
        {"columns": ["id", "total"], "rows": Order.customer_id == claim.sub},
    )
    assert found.rows == Or((PAID, MINE))
    assert found.masks == {"id": None, "note": PAID, "total": MINE}


def test_a_column_of_several_rules_shows_in_the_rows_of_each() -> None:
    found = reading(
        {"columns": ["id", "note"], "rows": Order.paid},
        {"columns": ["id", "note"], "rows": Order.id == 1},
        {"columns": ["id"], "rows": Order.customer_id == claim.sub},
    )
    assert found.masks == {"id": None, "note": Or((PAID, ONE))}


def test_a_rule_for_every_row_and_column_leaves_no_mask() -> None:
    found = reading({"columns": ["id", "note"], "rows": Order.paid}, {"columns": "*"})
    assert found == Reading(TRUE, dict.fromkeys(EVERY))


def test_a_rule_for_every_row_leaves_the_others_masks() -> None:
    found = reading({"columns": ["id", "note"], "rows": Order.paid}, {"columns": ["id"]})
    assert found == Reading(TRUE, {"id": None, "note": PAID})


def test_rules_of_the_same_rows_are_one() -> None:
    found = reading({"columns": ["id"], "rows": Order.paid}, {"columns": ["note"], "rows": Order.paid})
    assert found == Reading(PAID, {"id": None, "note": None})


def test_a_rule_for_no_row_shows_its_columns_in_none() -> None:
    found = reading({"columns": ["id"], "rows": Order.paid}, {"columns": ["note"], "rows": false()})
    assert found == Reading(PAID, {"id": None, "note": FALSE})


@pytest.mark.parametrize(("bounds", "joined"), [([3], 3), ([3, 9, 5], 9), ([3, None], None), ([None], None)], ids=str)
def test_the_largest_bound_wins(bounds: list[int | None], joined: int | None) -> None:
    grants = [{"columns": "*", "rows": Order.id == index, "rows_max": bound} for index, bound in enumerate(bounds)]
    assert reading(*grants).rows_max == joined


def declare_family(policies: Policies) -> None:
    policies.role("guest").may("read", Order, columns=["id"])
    policies.role("clerk", inherits=["guest"]).may("read", Order, columns=["note"], rows=Order.paid)
    policies.role("driver", inherits=["guest"]).may("update", Tag, columns=["name"])
    policies.role("boss", inherits=["clerk", "driver"]).may("delete", Order).may("read", Store, columns="*")


def test_rules_are_the_roles_own_and_then_the_inherited_each_once() -> None:
    policy = policy_of(declare_family)
    found = policy.rules("boss", Action.READ, ORDERS)
    assert [sorted(rule.columns) for rule in found] == [["note"], ["id"]]
    assert policy.rules("guest", Action.READ, ORDERS) == found[1:]


def test_a_role_inherits_through_others() -> None:
    policy = policy_of(declare_family)
    assert policy.actions("boss", ORDERS) == {Action.READ, Action.DELETE}
    assert policy.actions("boss", TAGS) == {Action.UPDATE}
    assert policy.actions("guest", STORES) == frozenset()
    assert policy.visible("boss") == tuple(key for key in CATALOG.tables if key in (ORDERS, STORES, TAGS))


def test_identical_rules_are_one() -> None:
    policy = policy_of(
        lambda policies: policies.role("a").may("read", Order, columns=["id"]).may("read", Order, columns=[Order.id])
    )
    assert len(policy.rules("a", Action.READ, ORDERS)) == 1


@pytest.mark.parametrize("table", [ORDERS, TableKey("public", "nowhere")], ids=str)
def test_an_unknown_role_may_do_nothing(table: TableKey) -> None:
    policy = policy_of(declare_family)
    assert policy.reading("nobody", table) is None
    assert policy.rules("nobody", Action.READ, table) == ()
    assert policy.actions("nobody", table) == frozenset()
    assert policy.visible("nobody") == ()


def test_a_table_without_a_rule_is_not_there() -> None:
    policy = policy_of(declare_family)
    assert policy.reading("guest", STORES) is None
    assert STORES not in policy.visible("guest")


def test_a_role_that_may_only_write_reads_nothing() -> None:
    assert policy_of(declare_family).reading("driver", TAGS) is None


def test_roles_are_listed_as_declared() -> None:
    assert policy_of(declare_family).roles == ("guest", "clerk", "driver", "boss")


def version(columns: Any = ("id",), role: str = "clerk", **grant: Any) -> int:
    return policy_of(lambda policies: policies.role(role).may("read", Order, columns=columns, **grant)).version


def test_the_version_is_the_contents() -> None:
    assert version() == version(("id",))
    assert version(("note", "id")) == version(("id", "note"))


@pytest.mark.parametrize(
    "other",
    [
        {"columns": ("id", "note")},
        {"role": "boss"},
        {"rows": Order.paid},
        {"rows": Order.id == 1},
        {"rows_max": 5},
    ],
    ids=str,
)
def test_any_difference_is_another_version(other: dict[str, Any]) -> None:
    assert version(**other) != version()
