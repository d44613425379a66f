"""The workshop, running on a database of its own."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from functions.workshop import SECRET, SQL, workshop
from mainstay.auth.issue import issue_token
from mainstay.core.exchange import Request, Response
from services.postgres import Postgres

PREFIX = "/rest/v1"
CLAIMS = {"sub": "ann", "names": ["a", "b,c"]}


class Shop:
    """The app on its database, and a loop to run it on."""

    def __init__(self, url: str, postgres: Postgres) -> None:
        self.postgres = postgres
        self.url = url
        self.loop = asyncio.new_event_loop()
        self.app = workshop(url, lanes_read=2, lanes_write=1, lanes_shared=1)
        self.loop.run_until_complete(self.app.start())

    def ask(self, *requests: Request) -> list[Response]:
        """The answers to requests that come at once."""

        async def all_of_them() -> list[Response]:
            return await asyncio.gather(*map(self.app.handle, requests))

        return self.loop.run_until_complete(all_of_them())

    def call(
        self, asked: str, body: Any = None, role: str | None = None, claims: Any = None, **headers: str
    ) -> "Answer":
        """`asked` is `GET /f?a=1`, below `/rpc`. A body that is no bytes is sent as JSON."""
        (response,) = self.ask(request(asked, body, role, claims, **headers))
        return Answer(response)

    def sql(self, text: str) -> str:
        return self.postgres.run(text, url=self.url).strip()

    def close(self) -> None:
        self.loop.run_until_complete(self.app.stop())
        self.loop.close()


class Answer:
    def __init__(self, response: Response) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = dict(response.headers)
        self.body = response.body

    @property
    def json(self) -> Any:
        return json.loads(self.body or b"")

    @property
    def text(self) -> str:
        return (self.body or b"").decode()


def request(asked: str, body: Any = None, role: str | None = None, claims: Any = None, **headers: str) -> Request:
    method, _, target = asked.partition(" ")
    path, _, query = target.partition("?")
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if role is not None:
        sent["authorization"] = f"Bearer {issue_token(SECRET, claims or {'role': role, **CLAIMS})}"
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return Request(method, f"{PREFIX}/rpc{path}", query, sent, content)


@pytest.fixture(scope="module")
def shop(postgres: Postgres) -> Iterator[Shop]:
    shop = Shop(postgres.create_database(SQL), postgres)
    yield shop
    shop.close()
