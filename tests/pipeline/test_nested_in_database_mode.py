"""Nested writes where the database decides: a reflected catalog, the caller's role, grants and row-level security."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest

from mainstay import Mainstay
from mainstay.auth.issue import issue_token
from mainstay.core.exchange import Request

SECRET = "a secret that these tests share with nobody else"
SCHEMA = """
CREATE ROLE nesting_clerk NOLOGIN;
CREATE TABLE orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer text NOT NULL, secret text DEFAULT 'no');
CREATE TABLE items (id serial PRIMARY KEY, order_id int NOT NULL REFERENCES orders, product text NOT NULL);
CREATE TABLE labels (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), word text NOT NULL);
CREATE TABLE orders_labels (
  order_id int REFERENCES orders, label_id uuid REFERENCES labels, PRIMARY KEY (order_id, label_id)
);
CREATE TABLE hidden (id serial PRIMARY KEY, order_id int REFERENCES orders);
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY items_all ON items FOR ALL USING (true) WITH CHECK (product <> 'forbidden');
GRANT INSERT (customer, id), SELECT (id, customer) ON orders TO nesting_clerk;
GRANT SELECT, INSERT ON items, labels, orders_labels TO nesting_clerk;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO nesting_clerk;
"""
ORDER = {"customer": "ann", "items": [{"product": "tea"}, {"product": "salt"}], "labels": [{"word": "new"}]}


class Stage:
    def __init__(self, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.app = Mainstay(
            reflect=url, database_url=url, security="database", jwt_secret=SECRET, lanes_read=1, lanes_write=1
        )
        self.loop.run_until_complete(self.app.start())
        self.token = issue_token(SECRET, {"role": "nesting_clerk"})

    def ask(self, path: str, body: Any, prefer: str) -> tuple[int, Any]:
        headers = {"authorization": f"Bearer {self.token}", "prefer": prefer, "content-type": "application/json"}
        table, _, query = path.partition("?")
        request = Request("POST", f"/rest/v1/{table}", query, headers, json.dumps(body).encode())
        response = self.loop.run_until_complete(self.app.handle(request))
        return response.status, json.loads(response.body or b"null")

    def close(self) -> None:
        self.loop.run_until_complete(self.app.stop())
        self.loop.close()


@pytest.fixture
def database(postgres: Any) -> Iterator[str]:
    postgres.run("DROP ROLE IF EXISTS nesting_clerk")
    url = postgres.create_database(SCHEMA)
    yield url
    postgres.run("DROP OWNED BY nesting_clerk", url=url)
    postgres.run("DROP ROLE nesting_clerk")


@pytest.fixture
def stage(database: str) -> Iterator[Stage]:
    stage = Stage(database)
    yield stage
    stage.close()


def test_what_is_granted_is_written(stage: Stage, postgres: Any, database: str) -> None:
    assert stage.ask("orders", ORDER, "return=minimal") == (201, None)
    found = postgres.run(
        "SELECT customer, product, word FROM orders JOIN items ON order_id = orders.id "
        "JOIN orders_labels AS ol ON ol.order_id = orders.id JOIN labels ON labels.id = label_id ORDER BY product",
        url=database,
    )
    assert found.split() == ["ann|salt|new", "ann|tea|new"]


def test_row_level_security_holds_at_each_level(stage: Stage, postgres: Any, database: str) -> None:
    body = ORDER | {"items": [{"product": "tea"}, {"product": "forbidden"}]}
    status, problem = stage.ask("orders", body, "return=minimal")
    assert (status, problem["code"]) == (403, "42501")
    assert "items" in problem["message"]
    assert postgres.run("SELECT count(*) FROM orders", url=database).strip() == "0"


def test_a_table_without_a_grant_is_refused_by_the_database(stage: Stage) -> None:
    status, problem = stage.ask("orders", {"customer": "ann", "hidden": [{}]}, "return=minimal")
    assert (status, problem["code"]) == (403, "42501")


def test_the_answer_shows_the_rows_where_all_columns_are_granted(stage: Stage, postgres: Any, database: str) -> None:
    postgres.run("GRANT SELECT ON orders TO nesting_clerk", url=database)
    status, rows = stage.ask("orders?select=customer,items(product),labels(word)", ORDER, "return=representation")
    assert (status, rows) == (
        201,
        [{"customer": "ann", "items": [{"product": "tea"}, {"product": "salt"}], "labels": [{"word": "new"}]}],
    )
