"""Conditions as data: they mean what the same expression over the model means, and what fits no column is told."""

from typing import Any

import pytest
import sqlalchemy as sa

from mainstay import Mainstay, claim
from mainstay.core.catalog import TableKey
from mainstay.core.condition import Compare, Exists, Field, Operator, Related
from mainstay.core.problem import DeclarationError
from mainstay.core.rule import Action
from policy.shop import Base, Order, Store


def rows_of(said: Any) -> Any:
    app = Mainstay(Base)
    app.role("clerk").may("read", Order, columns="*", rows=said)
    [rule] = app.policy.rules("clerk", Action.READ, TableKey("public", "orders"))
    return rule.rows


@pytest.mark.parametrize(
    ("data", "expression"),
    [
        ({}, sa.true()),
        ({"customer_id": claim.sub}, Order.customer_id == claim.sub),
        ({"customer_id": {"_eq": claim.sub}}, Order.customer_id == claim.sub),
        ({"id": {"_gt": 3, "_lte": 7}}, sa.and_(Order.id > 3, Order.id <= 7)),
        ({"id": {"_in": [1, 2]}}, Order.id.in_([1, 2])),
        ({"id": {"_nin": claim.banned}}, Order.id.not_in(claim.banned)),
        ({"id": {"_in": []}}, sa.false()),
        ({"weight": {"_is_null": True}}, Order.weight.is_(None)),
        ({"weight": {"_is_null": False}}, Order.weight.is_not(None)),
        ({"id": {"_clt": "store_id"}}, Order.id < Order.store_id),
        ({"_or": [{"id": 1}, {"_not": {"id": {"$gt": 2, "$lt": 5}}}]},
         sa.or_(Order.id == 1, sa.not_(sa.and_(Order.id > 2, Order.id < 5)))),
        ({"$and": [{"id": 1}], "store_id": 2}, sa.and_(Order.id == 1, Order.store_id == 2)),
        ({"store": {"owner_id": {"_eq": claim.sub}}}, Order.store.has(Store.owner_id == claim.sub)),
        ({"note": {"_like": "p%"}}, Order.note.like("p%")),
        ({"note": {"_niregex": "^p"}}, ~Order.note.regexp_match("^p", flags="i")),
    ],
)  # fmt: skip
def test_it_means_what_the_expression_means(data: Any, expression: Any) -> None:
    assert rows_of(data) == rows_of(expression)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        ({"idd": 1}, "public.orders has neither a column nor a relation 'idd'"),
        ({"id": {"_equal": 1}}, "'id' is compared by '_equal', which is no comparison of its type"),
        ({"id": {"_eq": None}}, "'id': a comparison with null holds for no row"),
        ({"id": {"_eq": "one"}}, "'id': 'one' is not a whole number"),
        ({"id": {"_in": 1}}, "'id': 1 is no list"),
        ({"id": {"_is_null": "yes"}}, "'id': _is_null takes true or false, not 'yes'"),
        ({"id": {"_ceq": "idd"}}, "public.orders has no column 'idd'"),
        ({"store": {"id": {"_ceq": ["$", "idd"]}}}, "public.orders has no column 'idd'"),
        ({"_exists": {"_where": {}}}, "{'_where': {}} names no table"),
        ({"_exists": {"_table": "shops"}}, "there is no table 'shops'"),
        ({"_and": ["id"]}, "'id' is no condition"),
        ({"store": {"idd": 1}}, "public.stores has neither a column nor a relation 'idd'"),
    ],
)
def test_what_fits_no_column_is_told(data: Any, what: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        rows_of(data)
    assert caught.value.what == what
    assert caught.value.where == "role 'clerk', read on public.orders"


def test_a_condition_on_other_rows_may_name_the_rules_own_row() -> None:
    stores = TableKey("public", "stores")
    owned = Compare(Field("owner_id"), Operator.EQ, Field("customer_id", outer=1))
    found = rows_of({"_exists": {"_table": "stores", "_where": {"owner_id": {"_ceq": ["$", "customer_id"]}}}})
    assert found == Exists(stores, owned)
    related = rows_of({"store": {"owner_id": {"_ceq": ["$", "customer_id"]}}})
    assert isinstance(related, Related)
    assert related.where == owned
    assert rows_of({"id": {"_ceq": ["$", "store_id"]}}) == Compare(Field("id"), Operator.EQ, Field("store_id"))


def test_who_administers_a_table_may_do_all_of_it() -> None:
    app = Mainstay(Base)
    app.role("owner").administers(Order, "stores")
    for name in ("orders", "stores"):
        key = TableKey("public", name)
        assert app.policy.actions("owner", key) == frozenset(Action)
        for action in (Action.UPDATE, Action.DELETE):
            [rule] = app.policy.rules("owner", action, key)
            assert rule.unfiltered
    assert app.policy.actions("owner", TableKey("public", "tags")) == frozenset()
    with pytest.raises(DeclarationError, match="no table is named"):
        app.role("other").administers()
    mistaken = Mainstay(Base)
    mistaken.role("owner").administers("ordres")
    with pytest.raises(DeclarationError, match="there is no table 'ordres'"):
        mistaken.policy  # noqa: B018
