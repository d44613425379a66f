"""REST's live answers: the rows as server-sent events, whenever they are other ones."""

import asyncio
import json
import time
from typing import Any

import pytest

from event.boards import WAIT_S, Stage, boards, on_stage
from mainstay.auth.issue import issue_token
from mainstay.core.exchange import Request, Response

SECRET = "a secret that signs the tokens of these tests"


def get(target: str, **headers: str) -> Request:
    path, _, query = target.partition("?")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("GET", f"/rest/v1/{path}", query, {"accept": "text/event-stream", **named})


class Events:
    """What a response streams, an event at a time."""

    def __init__(self, response: Response) -> None:
        assert response.stream is not None, response.body
        self.parts = response.stream

    async def part(self) -> str:
        async with asyncio.timeout(WAIT_S):
            return (await anext(self.parts)).decode()

    async def next(self) -> dict[str, str]:
        part = ":"
        while part.startswith((":", "retry")):
            part = await self.part()
        assert part.endswith("\n\n")
        return dict(line.split(": ", 1) for line in part.removesuffix("\n\n").split("\n"))  # type: ignore[misc]

    async def rows(self) -> Any:
        return json.loads((await self.next())["data"])


def test_rows_come_at_once_and_whenever_they_are_other_ones(database: str) -> None:
    async def play(stage: Stage) -> None:
        response = await stage.app.handle(get("notes?select=text&board_id=eq.1&order=id"))
        assert response.status == 200
        assert dict(response.headers)["content-type"] == "text/event-stream; charset=utf-8"
        assert dict(response.headers)["cache-control"] == "no-cache"
        events = Events(response)
        assert await events.part() == "retry: 1000\n\n"
        assert await events.rows() == [{"text": "Tide"}, {"text": "Salt"}]
        await stage.run("UPDATE notes SET text = 'Rain' WHERE id = 3; UPDATE notes SET text = 'Ebb' WHERE id = 1")
        assert await events.rows() == [{"text": "Ebb"}, {"text": "Salt"}]
        assert stage.statements == [1, 1]
        await events.parts.aclose()
        assert stage.answering.live.count == 0

    on_stage(database, play)


def test_who_comes_back_is_not_told_again_what_he_has(database: str) -> None:
    async def play(stage: Stage) -> None:
        first = Events(await stage.app.handle(get("notes?id=eq.1")))
        known = (await first.next())["id"]
        await first.parts.aclose()
        again = Events(await stage.app.handle(get("notes?id=eq.1", last_event_id=known)))
        await stage.run("UPDATE notes SET text = 'Ebb' WHERE id = 1")
        told = await again.next()
        assert json.loads(told["data"])[0]["text"] == "Ebb"
        await again.parts.aclose()
        late = Events(await stage.app.handle(get("notes?id=eq.1", last_event_id=known)))
        assert (await late.next())["id"] == told["id"]

    on_stage(database, play)


def test_signs_of_life_come_while_nothing_happens(database: str) -> None:
    async def play(stage: Stage) -> None:
        events = Events(await stage.app.handle(get("boards")))
        await events.next()
        assert [await events.part() for _ in range(2)] == [":\n\n", ":\n\n"]

    on_stage(database, play, limits={"socket_ping_ms": 20})


def test_rest_and_graphql_hear_of_the_same_change(database: str) -> None:
    async def play(stage: Stage) -> None:
        events = Events(await stage.app.handle(get("notes?select=id,text&order=id")))
        graph = stage.subscribe("{ notes(order_by: {id: asc}) { id text } }")
        for sql in ("SELECT 1", "DELETE FROM notes WHERE id = 1", "INSERT INTO notes VALUES (9, 1, 'ada', 'nine')"):
            await stage.run(sql)
            assert await events.rows() == await graph.next()

    on_stage(database, play)


def test_rules_hold_and_an_expired_token_ends_it_with_its_problem(database: str) -> None:
    async def play(stage: Stage) -> None:
        token = issue_token(SECRET, {"role": "member", "sub": "ada", "exp": time.time() + 3})
        request = get("notes?select=id", authorization=f"Bearer {token}")
        events = Events(await stage.app.handle(request))
        assert await events.rows() == [{"id": 1}, {"id": 3}]
        await stage.run("UPDATE notes SET owner = 'ben' WHERE id = 1")
        assert await events.rows() == [{"id": 3}]
        error = await events.next()
        assert error["event"] == "error"
        assert json.loads(error["data"])["code"] == "PGRST303"
        with pytest.raises(StopAsyncIteration):
            await events.part()

    on_stage(database, play, app=boards(jwt_secret=SECRET, jwt_leeway_s=0))


WRONG: list[tuple[Request, int, str]] = [
    (get("notess"), 404, "PGRST205"),
    (get("notes?idd=eq.1"), 400, "42703"),
    (get("notes?text=match.("), 400, "2201B"),
    (get("notes", prefer="count=exact"), 400, "MS489"),
    (get("notes", if_none_match='"a"'), 400, "MS489"),
    (Request("HEAD", "/rest/v1/notes", "", {"accept": "text/event-stream"}), 406, ""),
    (Request("PATCH", "/rest/v1/notes", "id=eq.1", {"accept": "text/event-stream"}, b"{}"), 406, "PGRST107"),
]


@pytest.mark.parametrize(("request_", "status", "code"), WRONG)
def test_what_can_not_be_streamed_is_answered_as_any_problem(
    database: str, request_: Request, status: int, code: str
) -> None:
    async def play(stage: Stage) -> None:
        await (await stage.app.handle(get("notes"))).stream.aclose()  # type: ignore[union-attr]
        response = await stage.app.handle(request_)
        assert (response.status, response.stream) == (status, None)
        assert not code or json.loads(response.body or b"")["code"] == code
        assert stage.answering.live.count == 0

    on_stage(database, play)


def test_another_type_that_is_liked_better_is_answered_once(database: str) -> None:
    async def play(stage: Stage) -> None:
        accept = "application/json, text/event-stream;q=0.5"
        response = await stage.app.handle(get("notes?select=id&id=eq.1", accept=accept))
        assert response.stream is None
        assert json.loads(response.body or b"") == [{"id": 1}]

    on_stage(database, play)
