"""docs/reference/graphql.md: its models are served, its query is answered, and its mutation is done."""

import asyncio
import json
from typing import Any

import asyncpg

from docs.page_examples import ROOT, blocks_of
from mainstay.auth.issue import issue_token
from mainstay.core.exchange import Request
from mainstay.core.principal import Principal
from mainstay.evolve.sync import create_missing
from mainstay.wires.graphql.request import read_question

PAGE = ROOT / "docs" / "reference" / "graphql.md"
VISITOR = Principal("anonymous")
SECRET = "a secret that signs this page's tokens"
ROWS = """
INSERT INTO directors VALUES (1, 'Ada'), (2, 'Ben');
INSERT INTO films VALUES (1, 'Rain (Again)', 1), (2, 'The Pier', 1), (3, 'Salt', 2)
"""


def test_the_pages_query_is_answered_and_its_mutation_is_done(database: str) -> None:
    blocks = blocks_of(PAGE)
    names: dict[str, Any] = {"__name__": "page"}
    exec(next(block.text for block in blocks if block.language == "python"), names)
    app = names["Mainstay"](names["Base"], database_url=database, jwt_secret=SECRET)
    app.policies = names["app"].policies
    query, mutation, subscription = (
        next(block.text for block in blocks if block.language == "graphql" and block.text.startswith(kind))
        for kind in ("query", "mutation", "subscription")
    )
    token = issue_token(SECRET, {"role": "editor"})

    async def main() -> list[Any]:
        connection = await asyncpg.connect(database)
        await create_missing(connection, app.metadata)
        await connection.execute(ROWS)
        await connection.close()
        await app.start()
        try:
            requests = asked(query, {"name": "Ada"}), asked(mutation, {"id": 4, "title": "Tea"}, token)
            answers = [json.loads((await app.handle(request)).body) for request in requests]
            graph = app._running.current.graph
            answers.append(json.loads(await anext(graph.subscribe(read_question(asked(subscription)), VISITOR))))
            return answers
        finally:
            await app.stop()

    read, written, told = asyncio.run(main())
    assert read == {
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
    assert written == {
        "data": {
            "insert_films_one": {"title": "Tea", "director": {"name": "Ben"}},
            "update_directors_by_pk": {"name": "Ada Winter"},
        }
    }
    assert told == {"data": {"films": [{"id": 3, "title": "Salt"}, {"id": 4, "title": "Tea"}]}}


def asked(text: str, variables: dict[str, Any] | None = None, token: str | None = None) -> Request:
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    return Request("POST", "/v1/graphql", "", headers, json.dumps({"query": text, "variables": variables}).encode())
