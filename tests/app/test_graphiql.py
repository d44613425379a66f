"""When the app serves GraphiQL: under development, unless a setting says otherwise."""

import asyncio
from typing import Any

import pytest

from cinema.app import cinema
from mainstay.core.exchange import Request


def status(path: str = "/graphiql", **settings: Any) -> int:
    app = cinema(database_url="postgresql://nowhere", **settings)
    return asyncio.run(app.handle(Request("GET", path, "", {}))).status


@pytest.mark.parametrize(
    ("settings", "served"),
    [
        ({}, False),
        ({"dev": True}, True),
        ({"graphiql": "always"}, True),
        ({"graphiql": "never", "dev": True}, False),
        ({"graphiql": "always", "graphql_paths": ()}, False),
    ],
)
def test_it_is_served_where_the_settings_say_so(settings: dict[str, Any], *, served: bool) -> None:
    assert status(**settings) == (200 if served else 503)  # 503: any other path, before the app has started


def test_it_is_served_at_another_path_and_its_files_below() -> None:
    settings = {"graphiql": "always", "graphiql_path": "/try"}
    assert status("/try", **settings) == 200
    assert status("/try/explore.js", **settings) == 200
    assert status("/graphiql", **settings) == 503
