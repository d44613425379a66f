"""GraphQL over WebSockets of the real process and database: queries, mutations, subscriptions, and who may ask."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from cinema.setting import TOKENS
from clients.serving import Api, serve_cinema
from services.postgres import Postgres

pytestmark = pytest.mark.slow

FILM = "films_by_pk(id: 1) { title rating }"


@pytest.fixture(scope="module")
def api(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with serve_cinema(postgres, tmp_path_factory.mktemp("served")) as served:
        yield served


def opened(api: Api, protocol: str = "graphql-transport-ws", path: str = "/v1/graphql", **options: Any) -> Any:
    return connect(f"ws{api.origin.removeprefix('http')}{path}", subprotocols=[protocol], **options)  # type: ignore[list-item]


def say(client: ClientConnection, kind: str, payload: Any = None, operation: str | None = None) -> None:
    client.send(json.dumps({"type": kind, "id": operation, "payload": payload}))


def hear(client: ClientConnection) -> Any:
    while True:
        message = json.loads(client.recv(20))
        if message["type"] != "ka":
            return message


def begin(client: ClientConnection, token: str | None = None) -> None:
    say(client, "connection_init", {} if token is None else {"headers": {"Authorization": f"Bearer {token}"}})
    assert hear(client) == {"type": "connection_ack"}


@pytest.mark.parametrize("path", ["/v1/graphql", "/graphql"])
@pytest.mark.parametrize(
    ("protocol", "start", "answer"), [("graphql-transport-ws", "subscribe", "next"), ("graphql-ws", "start", "data")]
)
def test_a_query_a_mutation_and_an_error_over_one_socket(
    api: Api, protocol: str, start: str, answer: str, path: str
) -> None:
    with opened(api, protocol, path) as client:
        begin(client, TOKENS["owner"])
        say(
            client, start, {"query": f"query ($id: Int!) {{ {FILM.replace('1', '$id')} }}", "variables": {"id": 1}}, "a"
        )
        assert hear(client) == {
            "type": answer,
            "id": "a",
            "payload": {"data": {"films_by_pk": {"title": "The Long Pier", "rating": 8.4}}},
        }
        assert hear(client) == {"type": "complete", "id": "a"}
        say(client, start, {"query": 'mutation { insert_tags_one(object: {label: "x"}) { label } delete_tags(where: {label: {_eq: "x"}}) { affected_rows } }'}, "b")  # fmt: skip # noqa: E501
        assert hear(client)["payload"] == {
            "data": {"insert_tags_one": {"label": "x"}, "delete_tags": {"affected_rows": 1}}
        }
        assert hear(client) == {"type": "complete", "id": "b"}
        say(client, start, {"query": "{ nothing { id } }"}, "c")
        assert hear(client)["type"] == "error"


def test_a_subscription_is_answered_again_when_its_answer_is_another_one(api: Api) -> None:
    with opened(api) as client, opened(api) as writer:
        begin(client)
        begin(writer, TOKENS["owner"])
        say(client, "subscribe", {"query": f"subscription {{ {FILM} }}"}, "live")
        ratings = [hear(client)["payload"]["data"]["films_by_pk"]["rating"]]
        for rating in (1.5, 8.4):
            text = f"mutation {{ update_films_by_pk(pk_columns: {{id: 1}}, _set: {{rating: {rating}}}) {{ id }} }}"
            say(writer, "subscribe", {"query": text}, "w")
            assert hear(writer)["payload"] == {"data": {"update_films_by_pk": {"id": 1}}}
            assert hear(writer)["type"] == "complete"
            ratings.append(hear(client)["payload"]["data"]["films_by_pk"]["rating"])
        assert ratings == [8.4, 1.5, 8.4]
        say(client, "complete", None, "live")
        say(client, "subscribe", {"query": "{ __typename }"}, "after")
        assert hear(client)["payload"] == {"data": {"__typename": "query_root"}}


def test_who_asks_is_said_by_the_upgrade_or_by_its_first_message(api: Api) -> None:
    members = {"query": "{ reviews(where: {public: {_eq: false}}) { id } }"}
    header = {"Authorization": f"Bearer {TOKENS['anna']}"}
    for at_first, headers in ((None, {}), (TOKENS["anna"], {}), (None, header)):
        with opened(api, additional_headers=headers) as client:
            begin(client, at_first)
            say(client, "subscribe", members, "a")
            seen = hear(client)["payload"]["data"]["reviews"]
            assert bool(seen) is (at_first is not None or bool(headers))


def test_who_knows_the_admin_secret_says_so_in_the_first_message(postgres: Postgres, tmp_path: Path) -> None:
    private = {"query": "{ reviews(where: {public: {_eq: false}}) { id } }"}
    said = {"x-hasura-admin-secret": "sesame", "X-Hasura-Role": "owner"}
    with serve_cinema(postgres, tmp_path, MAINSTAY_ADMIN_SECRET="sesame") as api:
        for payload in (said, {"headers": said}):
            with opened(api, "graphql-ws") as client:
                say(client, "connection_init", payload)
                assert hear(client) == {"type": "connection_ack"}
                say(client, "start", private, "a")
                assert "data" in hear(client)["payload"]
        with opened(api, "graphql-ws") as client:
            say(client, "connection_init", {"headers": said | {"x-hasura-admin-secret": "wrong"}})
            assert hear(client)["type"] == "connection_error"


@pytest.mark.parametrize("who", ["forged", "expired"])
def test_a_token_that_does_not_hold_opens_nothing(api: Api, who: str) -> None:
    with opened(api) as client:
        say(client, "connection_init", {"headers": {"authorization": f"Bearer {TOKENS[who]}"}})
        with pytest.raises(ConnectionClosed) as caught:
            client.recv(20)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 4403
        assert (who == "expired") == (caught.value.rcvd.reason == "Could not verify JWT: JWTExpired")


def test_there_is_no_socket_anywhere_else(api: Api) -> None:
    with pytest.raises(InvalidStatus) as caught, opened(api, path="/rest/v1/films"):
        pass
    assert caught.value.response.status_code == 404


def test_a_protocol_that_is_not_spoken_is_refused(api: Api) -> None:
    with pytest.raises(InvalidStatus) as caught, opened(api, "mqtt"):
        pass
    assert caught.value.response.status_code == 400
