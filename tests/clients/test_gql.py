"""gql, the stock Python client, unchanged: over HTTP, and over WebSockets in both of their protocols."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from gql import Client, gql
from gql.transport.exceptions import TransportConnectionFailed, TransportQueryError
from gql.transport.httpx import HTTPXAsyncTransport, HTTPXTransport
from gql.transport.websockets import WebsocketsTransport

from cinema.setting import TOKENS
from clients.serving import Api

FILM = gql("query ($id: Int!) { films_by_pk(id: $id) { title rating } }")
PIER = {"films_by_pk": {"title": "The Long Pier", "rating": 8.4}}
LIVE = gql("subscription { films_by_pk(id: 1) { rating } }")
RATE = gql(
    "mutation ($rating: numeric) { update_films_by_pk(pk_columns: {id: 1}, _set: {rating: $rating}) { rating } }"
)
WRONG = gql("{ films { titel } }")
PROTOCOLS = ["graphql-transport-ws", "graphql-ws"]
PATIENCE_S = 30


def http(api: Api, who: str | None = "owner") -> Client:
    return Client(transport=HTTPXTransport(f"{api.origin}/v1/graphql", headers=bearer(who)))


def bearer(who: str | None) -> dict[str, str]:
    return {} if who is None else {"Authorization": f"Bearer {TOKENS[who]}"}


def socket(api: Api, protocol: str, who: str = "owner", **options: Any) -> Client:
    url = f"ws{api.origin.removeprefix('http')}/v1/graphql"
    init = {"headers": bearer(who)}
    transport = WebsocketsTransport(url=url, init_payload=init, subprotocols=[protocol], **options)  # type: ignore[list-item]
    return Client(transport=transport)


def asked(document: Any, **variables: Any) -> Any:
    document.variable_values = variables
    return document


def test_a_query_and_a_mutation_over_http(api: Api) -> None:
    with http(api) as session:
        assert session.execute(asked(FILM, id=1)) == PIER
        assert session.execute(asked(RATE, rating=8.4)) == {"update_films_by_pk": {"rating": 8.4}}


def test_an_error_over_http(api: Api) -> None:
    with http(api) as session, pytest.raises(TransportQueryError) as caught:
        session.execute(WRONG)
    assert caught.value.errors is not None
    assert caught.value.errors[0]["extensions"]["code"] == "validation-failed"


def test_a_batch_over_http(api: Api) -> None:
    async def main() -> list[Any]:
        transport = HTTPXAsyncTransport(f"{api.origin}/v1/graphql", headers=bearer("owner"))
        async with Client(transport=transport) as session:
            return await session.execute_batch([asked(FILM, id=1), gql("{ __typename }")])

    assert asyncio.run(main()) == [PIER, {"__typename": "query_root"}]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_query_a_mutation_and_an_error_over_a_socket(api: Api, protocol: str) -> None:
    async def main() -> None:
        async with socket(api, protocol) as session:
            assert await session.execute(asked(FILM, id=1)) == PIER
            assert await session.execute(asked(RATE, rating=8.4)) == {"update_films_by_pk": {"rating": 8.4}}
            with pytest.raises(TransportQueryError, match="titel"):
                await session.execute(WRONG)
            assert await session.execute(asked(FILM, id=1)) == PIER

    asyncio.run(main())


async def rating(answers: AsyncIterator[Any], wanted: float) -> None:
    """Waits until it is that."""
    async with asyncio.timeout(PATIENCE_S):
        async for answer in answers:
            if answer["films_by_pk"]["rating"] == wanted:
                return


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_subscription_with_updates(api: Api, protocol: str) -> None:
    async def main() -> None:
        async with socket(api, protocol) as reader, socket(api, protocol) as writer:
            answers = reader.subscribe(LIVE)  # gql stops a subscription whose generator is closed
            await rating(answers, 8.4)
            for wanted in (2.5, 8.4):
                await writer.execute(asked(RATE, rating=wanted))
                await rating(answers, wanted)
            await answers.aclose()

    asyncio.run(main())


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_session_that_reconnects(api: Api, protocol: str) -> None:
    async def main() -> None:
        client = socket(api, protocol)
        session = await client.connect_async(reconnecting=True, retry_connect=False)
        assert await session.execute(asked(FILM, id=1)) == PIER
        await client.transport.adapter.websocket.close()  # type: ignore[union-attr]
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    assert await session.execute(asked(FILM, id=1)) == PIER
                    break
                except TransportConnectionFailed:
                    await asyncio.sleep(0.05)
        await client.close_async()

    asyncio.run(main())


def test_pings_of_the_clients_own(api: Api) -> None:
    async def main() -> None:
        async with socket(api, PROTOCOLS[0], ping_interval=0.05, pong_timeout=20) as session:
            await asyncio.sleep(0.3)
            assert await session.execute(asked(FILM, id=1)) == PIER

    asyncio.run(main())
