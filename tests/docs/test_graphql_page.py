"""docs/reference/graphql.md: its models are served, and its query is answered."""

import asyncio
import json
from typing import Any

import asyncpg

from docs.page_examples import ROOT, blocks_of
from mainstay.core.exchange import Request
from mainstay.evolve.sync import create_missing

PAGE = ROOT / "docs" / "reference" / "graphql.md"
ROWS = """
INSERT INTO directors VALUES (1, 'Ada'), (2, 'Ben');
INSERT INTO films VALUES (1, 'Rain (Again)', 1), (2, 'The Pier', 1), (3, 'Salt', 2)
"""


def test_the_pages_query_is_answered(database: str) -> None:
    blocks = {block.language: block.text for block in blocks_of(PAGE)}
    names: dict[str, Any] = {"__name__": "page"}
    exec(blocks["python"], names)
    app = names["Mainstay"](names["Base"], database_url=database)
    app.policies = names["app"].policies
    body = json.dumps({"query": blocks["graphql"], "variables": {"name": "Ada"}}).encode()

    async def main() -> Any:
        connection = await asyncpg.connect(database)
        await create_missing(connection, app.metadata)
        await connection.execute(ROWS)
        await connection.close()
        await app.start()
        try:
            return await app.handle(Request("POST", "/v1/graphql", "", {"content-type": "application/json"}, body))
        finally:
            await app.stop()

    assert json.loads(asyncio.run(main()).body) == {
        "data": {
            "directors": [
                {
                    "name": "Ada",
                    "films": [{"id": 1, "title": "Rain (Again)"}],
                    "films_aggregate": {"aggregate": {"count": 2, "max": {"title": "The Pier"}}},
                }
            ],
            "films_by_pk": {"title": "Rain (Again)", "director": {"name": "Ada"}},
        }
    }
