"""An app over a database as it is found: what tests of the database's own functions, domains and grants ask."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import MetaData

from mainstay import Mainstay
from mainstay.app.served import serve_catalog
from mainstay.core.exchange import Request, Response
from mainstay.reflect.database import reflect_database
from mainstay.stores.postgres.introspect import introspect


def answers(
    url: str,
    *requests: Request,
    schema: str = "api",
    declare: Callable[[Mainstay], object] | None = None,
    **settings: Any,
) -> Sequence[Response]:
    """What each request is answered, one after another. `declare` adds rules, for security="policy"."""

    async def ask() -> list[Response]:
        found = await introspect(url, (schema,), ())
        settings_of = {"rest_prefix": "", "security": "database", "extra_search_path": (), **settings}
        app = Mainstay(MetaData(), database_url=url, lanes_read=1, lanes_write=1, **settings_of)
        if declare is not None:
            declare(app)
        catalog = reflect_database(found, (schema,), 1)
        app._served = serve_catalog(app.settings, app.policies, catalog, role_settings=found.role_settings)
        await app.start()
        try:
            return [await app.handle(request) for request in requests]
        finally:
            await app.stop()

    return asyncio.run(ask())


def get(path: str, query: str = "", **headers: str) -> Request:
    return Request("GET", path, query, {name.replace("_", "-"): value for name, value in headers.items()})


def send(method: str, path: str, body: Any, query: str = "", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, path, query, {"content-type": "application/json", **named}, msgspec.json.encode(body))


def rows(response: Response) -> Any:
    return msgspec.json.decode(response.body or b"null")
