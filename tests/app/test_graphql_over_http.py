"""GraphQL over HTTP: what a body may hold, what a client may take for an answer, and streams of answers."""

import asyncio
import json
import time
from collections.abc import Sequence
from typing import Any

import pytest

from cinema.app import cinema
from cinema.setting import TOKENS, set_up, token
from mainstay.core.exchange import Request, Response
from mainstay.core.limits import Limits
from mainstay.wires.graphql.accept import wants_events, wants_status
from services.postgres import Postgres

JSON = {"content-type": "application/json"}
EVENTS = JSON | {"accept": "text/event-stream"}
FILM = "films_by_pk(id: 1) { title }"
PIER = {"data": {"films_by_pk": {"title": "The Long Pier"}}}


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    url = postgres.create_database()
    asyncio.run(set_up(url, cinema().metadata))
    return url


def posted(body: Any, headers: dict[str, str] | None = None) -> Request:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request("POST", "/v1/graphql", "", JSON | (headers or {}), raw)


def query(text: str, **more: Any) -> dict[str, Any]:
    return {"query": text, **more}


async def answered(url: str, *requests: Request, **settings: Any) -> list[tuple[Response, bytes]]:
    """Each response and its body, whether it comes at once or as a stream."""
    app = cinema(database_url=url, **settings)
    await app.start()
    try:
        answers = []
        for request in requests:
            response = await app.handle(request)
            parts = [response.body or b""] if response.stream is None else [part async for part in response.stream]
            answers.append((response, b"".join(parts)))
        return answers
    finally:
        await app.stop()


def ask(url: str, request: Request, **settings: Any) -> tuple[Response, Any]:
    [(response, body)] = asyncio.run(answered(url, request, **settings))
    return response, json.loads(body)


def test_a_list_of_requests_is_answered_by_a_list_in_order(url: str) -> None:
    bodies = [
        query(f"{{ {FILM} }}"),
        query("{ nothing }"),
        query("query ($id: Int!) { tags_by_pk(id: $id) { label } }", variables={"id": 2}),
        query('mutation { insert_tags_one(object: {label: "batched"}) { label } }'),
        query('{ tags(where: {label: {_eq: "batched"}}) { label } }'),
        query('mutation { delete_tags(where: {label: {_eq: "batched"}}) { affected_rows } }'),
        query("subscription { tags { id } }"),
        7,
        [query("{ __typename }")],
    ]
    request = posted(bodies, {"authorization": f"Bearer {TOKENS['owner']}"})
    response, answers = ask(url, request, limits=Limits(graphql_batch_max=len(bodies)))
    assert (response.status, response.headers[0]) == (200, ("content-type", "application/json; charset=utf-8"))
    assert [answers[index] for index in (0, 2, 3, 4, 5)] == [
        PIER,
        {"data": {"tags_by_pk": {"label": "weather"}}},
        {"data": {"insert_tags_one": {"label": "batched"}}},
        {"data": {"tags": [{"label": "batched"}]}},
        {"data": {"delete_tags": {"affected_rows": 1}}},
    ]
    codes = [answers[index]["errors"][0]["extensions"]["code"] for index in (1, 6, 7, 8)]
    assert codes == ["validation-failed", "unexpected-payload", "bad-request", "bad-request"]


@pytest.mark.parametrize(
    ("body", "headers", "message"),
    [
        ([], {}, "there is no request in the body"),
        (b"[{]", {}, "the body is not valid JSON"),
        (b"  [", {}, "the body is not valid JSON"),
        ([query("{ __typename }")] * 3, {}, "more than 2 requests in one body"),
        ([query("{ __typename }")], {"idempotency-key": "a"}, "an Idempotency-Key is one request's"),
    ],
)
def test_a_list_that_is_none_of_requests_is_refused(url: str, body: Any, headers: dict[str, str], message: str) -> None:
    response, answer = ask(url, posted(body, headers), limits=Limits(graphql_batch_max=2))
    assert (response.status, answer["errors"][0]["extensions"]["code"]) == (400, "bad-request")
    assert answer["errors"][0]["message"].startswith(message)


def test_a_list_that_any_page_could_send_is_refused(url: str) -> None:
    response, _ = ask(url, posted([query("{ __typename }")], {"content-type": "text/plain"}))
    assert response.status == 415


@pytest.mark.parametrize(
    ("accept", "status", "events"),
    [
        (None, False, False),
        ("", False, False),
        ("*/*", False, False),
        ("application/json", False, False),
        ("application/graphql-response+json", True, False),
        ("Application/GraphQL-Response+JSON; charset=utf-8", True, False),
        ("application/graphql-response+json, application/json", True, False),
        ("application/json, application/graphql-response+json", False, False),
        ("application/json;q=0.9, application/graphql-response+json", True, False),
        ("application/graphql-response+json;q=0, application/json;q=0.1", False, False),
        ("application/graphql-response+json;q=0.0", False, False),
        ("application/graphql-response+json;q=x, */*", False, False),
        ("text/event-stream", False, True),
        ("TEXT/EVENT-STREAM", False, True),
        ("application/json, text/event-stream;q=0.5", False, False),
        ("text/event-stream, application/json", False, True),
        ("multipart/mixed, application/graphql-response+json", True, False),
    ],
)
def test_the_form_that_is_preferred_is_given(accept: str | None, *, status: bool, events: bool) -> None:
    request = Request("POST", "/v1/graphql", "", {} if accept is None else {"accept": accept})
    assert (wants_status(request), wants_events(request)) == (status, events)


def streamed(url: str, body: Any, headers: dict[str, str] | None = None, **settings: Any) -> tuple[Response, bytes]:
    [answer] = asyncio.run(answered(url, posted(body, EVENTS | (headers or {})), **settings))
    return answer


def events_of(body: bytes) -> Sequence[tuple[str, Any]]:
    """Event names and data, without comments."""
    events = []
    for block in body.decode().split("\n\n"):
        lines = [line.partition(":") for line in block.splitlines() if not line.startswith(":")]
        fields = {name: value.strip() for name, _, value in lines}
        if fields:
            assert set(fields) == {"event", "data"}
            events.append((fields["event"], json.loads(fields["data"]) if fields["data"] else None))
    return events


def test_a_query_as_a_stream_is_one_event_and_the_end(url: str) -> None:
    response, body = streamed(url, query(f"{{ {FILM} films(order_by: {{id: asc}}) {{ id }} }}"))
    assert response.status == 200
    assert dict(response.headers)["content-type"] == "text/event-stream; charset=utf-8"
    assert dict(response.headers)["cache-control"] == "no-cache"
    films = [{"id": number} for number in (1, 2, 3, 5)]
    assert events_of(body) == [("next", {"data": PIER["data"] | {"films": films}}), ("complete", None)]


def test_by_get_a_stream_is_what_a_browser_opens(url: str) -> None:
    request = Request("GET", "/v1/graphql", "query=%7B__typename%7D", {"accept": "text/event-stream"})
    [(_, body)] = asyncio.run(answered(url, request))
    assert events_of(body) == [("next", {"data": {"__typename": "query_root"}}), ("complete", None)]


def test_what_is_wrong_with_a_document_is_an_event(url: str) -> None:
    response, body = streamed(url, query("{ nothing }"))
    assert response.status == 200
    (name, data), end = events_of(body)
    assert (name, data["errors"][0]["extensions"]["code"], end) == ("next", "validation-failed", ("complete", None))


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (7, {}, 400),
        (query("{ __typename }"), {"content-type": "text/plain"}, 415),
        (query("{ __typename }"), {"authorization": f"Bearer {TOKENS['forged']}"}, 401),
        (query("{ __typename }"), {"authorization": f"Bearer {TOKENS['expired']}"}, 401),
    ],
)
def test_what_is_no_request_or_of_nobody_gets_no_stream(
    url: str, body: Any, headers: dict[str, str], status: int
) -> None:
    response, told = streamed(url, body, headers)
    assert (response.status, response.stream) == (status, None)
    assert "errors" in json.loads(told)


def test_a_stream_ends_when_its_token_expires(url: str) -> None:
    soon = {"authorization": f"Bearer {token('owner', exp=int(time.time()) + 2)}"}
    response, body = streamed(url, query(f"subscription {{ {FILM} }}"), soon, jwt_leeway_s=0)
    assert response.status == 200
    first, (name, data), end = events_of(body)
    assert (first, name, end) == (("next", PIER), "next", ("complete", None))
    assert data["errors"] == [
        {"message": "Could not verify JWT: JWTExpired", "extensions": {"path": "$", "code": "invalid-jwt"}}
    ]


def test_a_subscription_goes_on_until_its_client_leaves_with_signs_of_life(url: str) -> None:
    async def main() -> list[bytes]:
        app = cinema(database_url=url, limits=Limits(socket_ping_ms=20), live_poll_ms=50)
        await app.start()
        try:
            response = await app.handle(posted(query(f"subscription {{ {FILM} }}"), EVENTS))
            assert response.stream is not None
            parts = [await anext(response.stream) for _ in range(5)]
            await response.stream.aclose()
            return parts
        finally:
            await app.stop()

    parts = asyncio.run(main())
    assert parts.count(b":\n\n") == 4
    assert events_of(b"".join(parts)) == [("next", PIER)]
