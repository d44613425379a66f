"""`postgrest` from PyPI, unchanged, both its clients, against a database as Supabase sets one up."""

from collections.abc import Iterator
from typing import Any

import pytest

from clients.asking import Asker, AsyncAsker, Build, SyncAsker
from clients.serving import Api
from shop.setting import ANNA, CLEO, TOKENS

ASKERS = {"sync": SyncAsker, "async": AsyncAsker}


@pytest.fixture(scope="module", params=ASKERS)
def ask(shop: Api, request: pytest.FixtureRequest) -> Iterator[Asker]:
    asker = ASKERS[request.param](shop.url, TOKENS)
    yield asker
    asker.close()


def products(columns: str = "id") -> Build:
    return lambda client: client.from_("products").select(columns)


def test_a_list_with_filters_an_order_a_page_and_a_count(ask: Asker) -> None:
    found = ask(
        lambda client: (
            client.from_("products")
            .select("name", count="exact")
            .gt("price", 2)
            .or_("tags.cs.{light},name.ilike.*bell*")
            .order("price", desc=True)
            .range(1, 2)
        )
    )
    assert (found.data, found.count) == ([{"name": "Oil lamp"}, {"name": "Candle"}], 3)


def test_a_count_alone(ask: Asker) -> None:
    found = ask(lambda client: client.from_("products").select("*", count="exact", head=True).gt("stock", 1))
    assert found.count == 3


def test_one_and_many(ask: Asker) -> None:
    one = ask.rows(lambda client: products("name, label")(client).eq("id", 2).single())
    assert one == {"name": "Candle", "label": "Candle for 2.50"}
    assert ask(lambda client: products()(client).eq("id", 5).maybe_single()) is None
    assert ask.rows(lambda client: products()(client).in_("id", [4, 1, 5]).order("id")) == [{"id": 1}, {"id": 4}]
    assert ask.refused(lambda client: products()(client).single()).code == "PGRST116"


WHO = {None: [], "anon": [], "anna": [1, 2], "bert": [3], "service": [1, 2, 3]}


@pytest.mark.parametrize(("who", "orders"), WHO.items(), ids=map(str, WHO))
def test_row_level_security_decides_who_sees_what(who: str | None, orders: list[int], ask: Asker) -> None:
    found = ask.rows(lambda client: client.from_("orders").select("id").order("id"), who)
    assert [row["id"] for row in found] == orders


def test_relations(ask: Asker) -> None:
    columns = "id, customers(name), order_lines(quantity, products(name)), products(count)"
    found = ask.rows(lambda client: client.from_("orders").select(columns).eq("id", 2), "anna")
    lines = [{"quantity": 1, "products": {"name": "Ship's bell"}}]
    assert found == [{"id": 2, "customers": {"name": "Anna"}, "order_lines": lines, "products": [{"count": 1}]}]


def test_a_view_and_its_relations(ask: Asker) -> None:
    found = ask.rows(lambda client: client.from_("order_totals").select("total, customers!inner(name)"), "bert")
    assert found == [{"total": 34.0, "customers": {"name": "Bert"}}]


def test_another_schema(ask: Asker) -> None:
    shelves = ask.rows(
        lambda client: client.schema("warehouse").from_("shelves").select("label").eq("id", 1), "service"
    )
    assert shelves == [{"label": "A1"}]
    free = ask.rows(lambda client: client.schema("warehouse").rpc("free_shelves", {}).select("label"), "anna")
    assert free == [{"label": "A2"}]


def test_create_update_upsert_and_delete(ask: Asker) -> None:
    def orders(client: Any) -> Any:
        return client.from_("orders")

    def lines(client: Any) -> Any:
        return client.from_("order_lines")

    created = ask.rows(lambda client: orders(client).insert({"note": "Ring"}), "anna")[0]
    assert (created["customer_id"], created["status"]) == (ANNA, "open")
    order = created["id"]
    two = [{"order_id": order, "product_id": 1}, {"order_id": order, "product_id": 2, "quantity": 3}]
    made = ask.rows(lambda client: lines(client).insert(two, default_to_null=False).select("quantity"), "anna")
    assert made == [{"quantity": 1}, {"quantity": 3}]
    more = {"order_id": order, "product_id": 1, "quantity": 7}
    assert ask.rows(lambda client: lines(client).upsert(more), "anna") == [more]
    ignored = ask.rows(lambda client: lines(client).upsert(more | {"quantity": 8}, ignore_duplicates=True), "anna")
    assert ignored == []
    paid = ask.rows(lambda client: orders(client).update({"status": "paid"}).eq("id", order), "anna")
    assert [row["status"] for row in paid] == ["paid"]
    counted = ask(lambda client: lines(client).delete(count="exact", returning="minimal").eq("order_id", order), "anna")
    assert counted.count == 2
    assert [row["id"] for row in ask.rows(lambda client: orders(client).delete().eq("id", order), "anna")] == [order]


def test_a_write_touches_no_row_that_is_hidden(ask: Asker) -> None:
    assert ask.rows(lambda client: client.from_("orders").update({"note": "mine"}).eq("id", 3), "anna") == []
    assert ask.rows(lambda client: client.from_("orders").delete().eq("id", 3), "anna") == []


# What each call answers with.
CALLS: dict[str, tuple[str | None, Build, Any]] = {
    "a scalar": (None, lambda client: client.rpc("greet", {"name": "Ada"}), "Hello, Ada"),
    "its defaults": (None, lambda client: client.rpc("greet", {}), "Hello, you"),
    "by GET": (None, lambda client: client.rpc("greet", {"name": "Ada"}, get=True), "Hello, Ada"),
    "who asks": (
        "anna",
        lambda client: client.rpc("whoami", {}),
        {"uid": ANNA, "role": "authenticated", "email": "anna@shop.example"},
    ),
    "rows": (
        None,
        lambda client: client.rpc("search_products", {"term": "e"}).select("id").gt("stock", 1).order("id", desc=True),
        [{"id": 3}, {"id": 2}],
    ),
    "one of its rows": (
        None,
        lambda client: client.rpc("search_products", {"term": "rope"}).select("name").single(),
        {"name": "Rope, 10 m"},
    ),
    "an array": (None, lambda client: client.rpc("sum_of", {"numbers": [1, 2, 39]}), 42),
    "OUT parameters": (None, lambda client: client.rpc("range_of_prices", {}), {"lowest": 2.5, "highest": 95.0}),
    "row-level security": (None, lambda client: client.rpc("stock_of", {"name": "Old lamp"}), None),
}


@pytest.mark.parametrize(("who", "build", "expected"), CALLS.values(), ids=CALLS)
def test_calls(who: str | None, build: Build, expected: Any, ask: Asker) -> None:
    assert ask.rows(build, who) == expected


def test_a_call_that_writes(ask: Asker) -> None:
    lines = [{"product_id": 2, "quantity": 5}]
    placed = ask.rows(lambda client: client.rpc("place_order", {"lines": lines, "note": "By rpc"}), "anna")
    assert (placed["customer_id"], placed["note"]) == (ANNA, "By rpc")
    ask(lambda client: client.from_("orders").delete().eq("id", placed["id"]), "anna")
    counted = ask(lambda client: client.rpc("search_products", {"term": ""}, count="exact").select("id").limit(1))
    assert (counted.data, counted.count) == ([{"id": 1}], 4)


REFUSALS: dict[str, tuple[str | None, Build, str]] = {
    "a table without a grant": ("anna", lambda client: client.from_("costs").select("*"), "42501"),
    "nobody's write": (None, lambda client: client.from_("products").insert({"name": "x", "price": 1}), "42501"),
    "another's row": ("anna", lambda client: client.from_("orders").insert({"customer_id": CLEO}), "42501"),
    "a function without a grant": ("anna", lambda client: client.rpc("restock", {"product": 1}), "42501"),
    "a function that raises": ("anna", lambda client: client.rpc("pay", {"order_id": 1}), "PT402"),
    "no such function": (None, lambda client: client.rpc("greeet", {}), "PGRST202"),
    "no such table": (None, lambda client: client.from_("product").select("*"), "PGRST205"),
    "no such column": (None, products("nam"), "42703"),
    "no such column to write": ("anna", lambda client: client.from_("orders").insert({"nte": 1}), "PGRST204"),
    "no such relation": (None, products("customers(name)"), "PGRST200"),
    "another type": (None, lambda client: products()(client).eq("id", "x"), "22P02"),
    "a key that is taken": (
        "service",
        lambda client: client.from_("products").insert({"name": "Candle", "price": 1}),
        "23505",
    ),
    "a check": ("service", lambda client: client.from_("products").insert({"name": "Air", "price": 0}), "23514"),
    "a foreign key": ("service", lambda client: client.from_("products").delete().eq("id", 1), "23503"),
    "an expired token": ("expired", products(), "PGRST303"),
    "a forged token": ("forged", products(), "PGRST301"),
    "a role that is not the authenticator's": ("postgres", products(), "42501"),
}


@pytest.mark.parametrize(("who", "build", "code"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(who: str | None, build: Build, code: str, ask: Asker) -> None:
    assert ask.refused(build, who).code == code
