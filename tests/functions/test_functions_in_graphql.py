"""Functions as GraphQL fields: tracked ones alone, for who may call them, with what their rows' table lets be seen."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.workshop import SECRET, SQL, workshop
from mainstay import Mainstay, claim
from mainstay.auth.issue import issue_token
from mainstay.core.exchange import Request
from mainstay.core.problem import DeclarationError
from services.postgres import Postgres

MORE = """
CREATE FUNCTION claimed(session json, above numeric DEFAULT 0) RETURNS SETOF works STABLE LANGUAGE sql
    AS $$ SELECT * FROM works w WHERE w.owner = session ->> 'sub' AND w.price > above $$;
CREATE FUNCTION sneaky() RETURNS SETOF works LANGUAGE sql AS 'UPDATE works SET price = 0 RETURNING *';
"""


class Shop:
    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.app = tracking(url)
        self.loop.run_until_complete(self.app.start())

    def ask(self, text: str, variables: Any = None, role: str | None = None) -> Any:
        headers = {"content-type": "application/json"}
        if role is not None:
            headers["authorization"] = f"Bearer {issue_token(SECRET, {'role': role, 'sub': 'bob'})}"
        body = json.dumps({"query": text, "variables": variables}).encode()
        response = self.loop.run_until_complete(self.app.handle(Request("POST", "/graphql", "", headers, body)))
        return json.loads(response.body or b"")

    def error(self, text: str, role: str | None = None) -> tuple[str, str, str]:
        [found] = self.ask(text, role=role)["errors"]
        return found["extensions"]["code"], found["extensions"]["path"], found["message"]


def tracking(url: str) -> Mainstay:
    app = workshop(url, lanes_read=1, lanes_write=1)
    app.policies.roles["member"].may_call("claimed", presets={"session": claim})
    app.policies.roles["member"].may_call("sneaky")
    app.track("all_works", kind="query")
    app.track("public.one_work", kind="query", name="work")
    app.track("claimed", kind="query")
    app.track("sneaky", kind="query")
    app.track("sell", kind="mutation")
    app.track("add_them", kind="query")
    return app


@pytest.fixture(scope="module")
def shop(postgres: Postgres) -> Iterator[Shop]:
    shop = Shop(postgres.create_database(SQL + MORE))
    yield shop
    shop.loop.run_until_complete(shop.app.stop())
    shop.loop.close()


def test_rows_of_a_function_are_read_as_those_of_their_table(shop: Shop) -> None:
    text = """
    query ($id: Int!) {
      all_works(where: {price: {_gt: 40}}, order_by: {price: desc}, limit: 1) { __typename title maker { name } }
      all_works_aggregate { aggregate { count } nodes { id } }
      work(args: {id: $id}) { title }
      none: work(args: {id: 4}) { title }
      works(where: {id: {_eq: 1}}) { id }
    }
    """
    assert shop.ask(text, {"id": 2})["data"] == {
        "all_works": [{"__typename": "works", "title": "Table", "maker": {"name": "Ida"}}],
        "all_works_aggregate": {"aggregate": {"count": 3}, "nodes": [{"id": 1}, {"id": 2}, {"id": 3}]},
        "work": {"title": "Table"},
        "none": None,
        "works": [{"id": 1}],
    }
    assert shop.ask("{ all_works(order_by: {id: asc}, offset: 2) { id } }")["data"] == {"all_works": [{"id": 3}]}


def test_an_argument_may_be_all_of_the_claims_and_is_then_no_callers(shop: Shop) -> None:
    text = "{ claimed(order_by: {id: asc}) { id } high: claimed(args: {above: 80}) { id } }"
    assert shop.ask(text, role="member")["data"] == {"claimed": [{"id": 2}, {"id": 3}, {"id": 5}], "high": [{"id": 2}]}
    code, path, message = shop.error('{ claimed(args: {session: "{}"}) { id } }', "member")
    assert (code, path) == ("validation-failed", "$.selectionSet.claimed.args.args.session")
    assert message == "field 'session' not found in type: 'claimed_args'"


def test_functions_of_mutations_are_called_in_their_order(shop: Shop) -> None:
    text = "mutation { a: sell(args: {id: 1}) { price } b: sell(args: {id: 1}, where: {id: {_gt: 9}}) { price } }"
    assert shop.ask(text)["data"] == {"a": [{"price": 41}], "b": []}
    assert shop.ask("{ works_by_pk(id: 1) { price } }")["data"] == {"works_by_pk": {"price": 42}}


def test_a_field_of_queries_changes_nothing(shop: Shop) -> None:
    for text in ("{ sneaky { id } }", "{ sneaky { id } works { id } }"):
        assert "errors" in shop.ask(text, role="member")
    assert shop.ask("{ works_by_pk(id: 2) { price } }")["data"]["works_by_pk"]["price"] == 90


REFUSED = [
    ("{ claimed { id } }", "claimed", "field 'claimed' not found in type: 'query_root'"),
    ("{ add_them { id } }", "add_them", "field 'add_them' not found in type: 'query_root'"),
    ("{ sell { id } }", "sell", "field 'sell' not found in type: 'query_root'"),
    ("{ work { id } }", "work.args.args", "missing required field 'id'"),
    ("{ work(args: {id: 1}, limit: 1) { id } }", "work", "'work' has no argument named 'limit'"),
    ("{ all_works { owner } }", "all_works.selectionSet.owner", "field 'owner' not found in type: 'works'"),
    ("mutation { all_works { id } }", "all_works", "field 'all_works' not found in type: 'mutation_root'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "path", "message"), REFUSED)
def test_what_is_not_there_for_the_role_is_refused(shop: Shop, text: str, path: str, message: str) -> None:
    assert shop.error(text) == ("validation-failed", f"$.selectionSet.{path}", message)


def test_what_can_not_be_tracked_is_said_at_the_start(postgres: Postgres) -> None:
    app = workshop("postgresql://nowhere")
    with pytest.raises(DeclarationError, match="no field is a 'subscription'"):
        app.track("sell", kind="subscription")
    app = workshop(postgres.create_database(SQL))
    app.track("seel", kind="mutation")
    with pytest.raises(DeclarationError, match="there is no function 'seel'"):
        asyncio.run(app.load())
