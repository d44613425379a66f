"""The cinema's app on a database of its own, asked request by request as its server would."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import asyncpg
import msgspec

from cinema.app import cinema
from cinema.models import Base
from cinema.setting import ROWS, TOKENS, set_up
from mainstay import Mainstay
from mainstay.core.exchange import Request, Response
from mainstay.evolve.sync import create_missing
from mainstay.sql.ledger import LEDGER

T = TypeVar("T")

RESET = f"""
TRUNCATE mainstay.idempotency, {", ".join(Base.metadata.tables)} CASCADE;
{ROWS}
"""


class Stage:
    """An app that runs, and the loop that it runs on."""

    def __init__(self, url: str, declare: Callable[[Mainstay], object] = id, **settings: Any) -> None:
        self.loop = asyncio.new_event_loop()
        self.url = url
        self.app: Mainstay = cinema(database_url=url, lanes_read=1, lanes_write=2, **settings)
        declare(self.app)
        self.run(set_up(url, self.app.metadata))
        self.run(self.app.start())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(coroutine)

    def ask(self, method: str, target: str, body: Any = None, *, who: str | None = "owner", **headers: str) -> "Answer":
        """The answer to a request below the prefix; a header `if_match` goes out as `if-match`."""
        return Answer(self.run(self.app.handle(request(method, target, body, who, headers))))

    def reset(self) -> None:
        """The rows as they were, and no record of any request."""
        self.sql(RESET)

    def sql(self, text: str) -> Any:
        """What the database itself answers."""

        async def ask() -> Any:
            connection = await asyncpg.connect(self.url)
            try:
                await create_missing(connection, [LEDGER])
                return await (connection.fetchval(text) if text.startswith("SELECT") else connection.execute(text))
            finally:
                await connection.close()

        return self.run(ask())

    def close(self) -> None:
        self.run(self.app.stop())
        self.loop.close()


@contextmanager
def stage_of(url: str, declare: Callable[[Mainstay], object] = id, **settings: Any) -> Iterator[Stage]:
    """`declare` adds to what the cinema's roles may do."""
    stage = Stage(url, declare, **settings)
    try:
        yield stage
    finally:
        stage.close()


def request(method: str, target: str, body: Any, who: str | None, headers: dict[str, str]) -> Request:
    path, _, query = target.partition("?")
    lines = {name.replace("_", "-"): value for name, value in headers.items()}
    if who is not None:
        lines["authorization"] = f"Bearer {TOKENS[who]}"
    content = b""
    if body is not None:
        lines.setdefault("content-type", "application/json")
        content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    return Request(method, f"/rest/v1{path}", query, lines, content)


class Answer:
    """A response, its headers by name."""

    def __init__(self, response: Response) -> None:
        self.status = response.status
        self.headers = dict(response.headers)
        self.body = response.body

    def __repr__(self) -> str:
        return f"{self.status} {self.headers} {self.body!r}"

    @property
    def etag(self) -> str:
        return self.headers["etag"]

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body or b"null")

    @property
    def code(self) -> str:
        return str(self.json["code"])
