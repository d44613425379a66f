"""GraphQL subscriptions over the cinema, without a socket: what is answered at once, when it is again, and to whom."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from cinema.app import cinema
from cinema.setting import TOKENS, set_up
from mainstay import Mainstay
from mainstay.app.running import Answering
from mainstay.core.exchange import Request
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.wires.graphql import Question
from mainstay.wires.graphql.problems import body_of
from mainstay.wires.graphql.request import read_question
from services.postgres import Postgres

WAIT_S = 10.0


@pytest.fixture
def url(postgres: Postgres) -> str:
    url = postgres.create_database()
    asyncio.run(set_up(url, cinema().metadata))
    return url


def question(text: str, variables: Any = None) -> Question:
    body = json.dumps({"query": text, "variables": variables}).encode()
    return read_question(Request("POST", "/graphql", "", {"content-type": "application/json"}, body))


class Listening:
    """One subscriber, and what it has heard."""

    def __init__(self, answers: AsyncIterator[bytes]) -> None:
        self.answers = answers

    async def next(self) -> Any:
        async with asyncio.timeout(WAIT_S):
            return json.loads(await anext(self.answers))["data"]


class Stage:
    """A started app, its database, and subscriptions to it."""

    def __init__(self, app: Mainstay, database: "asyncpg.Connection[Any]") -> None:
        self.app = app
        self.database = database

    @property
    def answering(self) -> Answering:
        assert self.app._running is not None
        return self.app._running.current

    async def subscribe(self, text: str, variables: Any = None, who: str | None = None) -> Listening:
        authorization = None if who is None else f"Bearer {TOKENS[who]}"
        principal = await self.answering.authenticator.verify(authorization, None)
        return self.listen(text, variables, principal)

    def listen(self, text: str, variables: Any, principal: Principal) -> Listening:
        return Listening(self.answering.graph.subscribe(question(text, variables), principal))

    async def run(self, sql: str) -> None:
        await self.database.execute(sql)


def on_stage(url: str, play: Callable[[Stage], Awaitable[None]], **settings: Any) -> None:
    """On a database that announces nothing."""

    async def main() -> None:
        app = cinema(database_url=url, **{"live_poll_ms": 50, **settings})
        await app.start()
        database = await asyncpg.connect(url)
        try:
            await play(Stage(app, database))
        finally:
            await database.close()
            await app.stop()

    asyncio.run(main())


def test_an_answer_comes_at_once_and_again_when_it_is_another_one(url: str) -> None:
    async def play(stage: Stage) -> None:
        rows = await stage.subscribe("subscription { films(where: {id: {_lte: 2}}, order_by: {id: asc}) { title } }")
        one = await stage.subscribe("subscription ($id: Int!) { film: films_by_pk(id: $id) { title } }", {"id": 2})
        count = await stage.subscribe("subscription { tags_aggregate { aggregate { count } } }")
        first = await rows.next()
        before = (await count.next())["tags_aggregate"]["aggregate"]["count"]
        assert len(first["films"]) == 2
        assert await one.next() == {"film": first["films"][1]}
        await stage.run("UPDATE films SET title = 'Another' WHERE id = 2")
        assert await rows.next() == {"films": [first["films"][0], {"title": "Another"}]}
        assert await one.next() == {"film": {"title": "Another"}}
        await stage.run("INSERT INTO tags (label) VALUES ('another')")
        assert (await count.next())["tags_aggregate"]["aggregate"]["count"] == before + 1

    on_stage(url, play)


WRONG: list[tuple[str, str]] = [
    ("subscription { films { id } directors { id } }", "subscriptions must select one top level field"),
    ("subscription { __typename }", "subscriptions must select one top level field"),
    ("subscription { __schema { types { name } } }", "subscriptions must select one top level field"),
    ("subscription { films { id } ...F } fragment F on subscription_root { a: films { id } }",
     "subscriptions must select one top level field"),
    ("subscription { filmz { id } }", "field 'filmz' not found in type: 'subscription_root'"),
    ("subscription { insert_films_one(object: {}) { id } }",
     "field 'insert_films_one' not found in type: 'subscription_root'"),
    ("subscription { films { idd } }", "field 'idd' not found in type: 'films'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_a_subscription_has_one_root_field_that_the_role_can_read(url: str, text: str, message: str) -> None:
    async def play(stage: Stage) -> None:
        with pytest.raises(Problem) as caught:
            await (await stage.subscribe(text)).next()
        assert caught.value.message == message
        assert json.loads(body_of(caught.value))["errors"][0]["extensions"]["code"] == "validation-failed"

    on_stage(url, play)


def test_only_a_subscription_is_subscribed_to_and_http_alone_answers_none(url: str) -> None:
    async def play(stage: Stage) -> None:
        with pytest.raises(Problem, match="only subscriptions"):
            await (await stage.subscribe("query { films { id } }")).next()
        body = json.dumps({"query": "subscription { films { id } }"}).encode()
        request = Request("POST", "/v1/graphql", "", {"content-type": "application/json"}, body)
        response = await stage.app.handle(request)
        message = "subscriptions are not supported over HTTP, use websockets instead"
        error = {"message": message, "extensions": {"path": "$", "code": "unexpected-payload"}}
        assert json.loads(response.body or b"") == {"errors": [error]}

    on_stage(url, play)


def test_a_subscription_ends_when_its_token_expires(url: str) -> None:
    async def play(stage: Stage) -> None:
        late = Principal("anonymous", {"exp": time.time() + 0.5})
        answers = stage.listen("subscription { films { id } }", None, late)
        await answers.next()
        with pytest.raises(Problem, match="JWT expired") as caught:
            await answers.next()
        assert caught.value.code == "PGRST303"

    on_stage(url, play, jwt_leeway_s=0)
