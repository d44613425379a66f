"""The allow-list of operations, from recording to refusing, and documents that are sent by their hash."""

import asyncio
import json
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from cinema.app import cinema
from cinema.setting import set_up
from mainstay.cli.lock import lock
from mainstay.core.exchange import Request
from mainstay.core.problem import DeclarationError
from services.postgres import Postgres

FILMS = "query Films($id: Int!) { films_by_pk(id: $id) { title } }"
TITLE = {"data": {"films_by_pk": {"title": "The Long Rain"}}}
HASH = sha256(FILMS.encode()).hexdigest()


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    url = postgres.create_database()
    asyncio.run(set_up(url, cinema().metadata))
    return url


def ask(url: str, *bodies: dict[str, Any] | Request, **settings: Any) -> list[Any]:
    async def main() -> list[Any]:
        app = cinema(database_url=url, **settings)
        await app.start()
        try:
            return [json.loads((await app.handle(_request(body))).body or b"") for body in bodies]
        finally:
            await app.stop()

    return asyncio.run(main())


def _request(body: dict[str, Any] | Request) -> Request:
    if isinstance(body, Request):
        return body
    return Request("POST", "/v1/graphql", "", {"content-type": "application/json"}, json.dumps(body).encode())


def hashed(text: str | None = None, *, hash: str = HASH, version: int = 1, **more: Any) -> dict[str, Any]:
    body = {"variables": {"id": 1}, "extensions": {"persistedQuery": {"version": version, "sha256Hash": hash}}} | more
    return body if text is None else body | {"query": text}


def message(answer: Any) -> str:
    return str(answer["errors"][0]["message"])


def test_what_was_recorded_is_allowed_and_nothing_else(url: str, tmp_path: Path) -> None:
    recorded, output = tmp_path / "operations", tmp_path / "operations.lock.json"
    [title, wrong] = ask(
        url,
        {"query": FILMS, "variables": {"id": 1}},
        {"query": "{ nothing { id } }"},
        graphql_record=str(recorded),
    )
    lock(output=output, recorded=recorded)
    assert "errors" in wrong
    assert [each["text"] for each in json.loads(output.read_bytes())["operations"]] == [FILMS]
    respelt = "# mine\nquery Films( $id:Int! ) { films_by_pk(id: $id) { title __typename } __typename }"
    answers = ask(
        url,
        {"query": FILMS, "variables": {"id": 2}},
        {"query": respelt, "variables": {"id": 1}},
        {"query": FILMS.replace("title", "year"), "variables": {"id": 1}},
        {"query": "{ nothing { id } }"},
        {"query": "{ __typename }"},
        hashed(),
        graphql_allow_list=str(output),
    )
    assert "films_by_pk" in answers[0]["data"]
    assert answers[1]["data"]["films_by_pk"] == {"title": title["data"]["films_by_pk"]["title"], "__typename": "films"}
    refused = {"message": "query is not allowed", "extensions": {"path": "$", "code": "validation-failed"}}
    assert answers[2:5] == [{"errors": [refused]}] * 3
    assert answers[5] == title
    [free] = ask(
        url, {"query": "{ __typename }"}, graphql_allow_list=str(output), dev=True, graphql_record=str(recorded)
    )
    assert free == {"data": {"__typename": "query_root"}}


def test_a_lock_grows_unless_it_is_written_anew(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recorded, output = tmp_path / "operations", tmp_path / "lock.json"
    recorded.mkdir()
    (recorded / "one.graphql").write_text("{ films { id } }")
    (recorded / "none.graphql").write_text("{ films {")
    lock(output=output, recorded=recorded)
    first = output.read_bytes()
    lock(output=output, recorded=recorded)
    assert output.read_bytes() == first
    (recorded / "one.graphql").write_text("{ films { title } }")
    lock(output=output, recorded=recorded)
    assert len(json.loads(output.read_bytes())["operations"]) == 2
    lock(output=output, recorded=recorded, anew=True)
    assert [each["text"] for each in json.loads(output.read_bytes())["operations"]] == ["{ films { title } }"]
    assert capsys.readouterr().out.splitlines()[-1] == f"{output}: 1 operations, 2 before"


@pytest.mark.parametrize("content", [None, "{}", "no JSON"])
def test_a_list_that_is_none_stops_the_start(url: str, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "lock.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DeclarationError, match="mainstay lock"):
        ask(url, graphql_allow_list=str(path))


def test_a_directory_that_can_not_be_made_stops_the_start(url: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DeclarationError, match="graphql_record"):
        ask(url, graphql_record=str(tmp_path / "file" / "operations"))


def test_a_document_is_sent_once_and_then_by_its_hash(url: str) -> None:
    parameters = urlencode({"variables": '{"id":1}', "extensions": json.dumps(hashed()["extensions"])})
    got = Request("GET", "/v1/graphql", parameters, {})
    answers = ask(url, hashed(), hashed(FILMS), hashed(), got)
    assert answers[0]["errors"] == [
        {"message": "PersistedQueryNotFound", "extensions": {"path": "$", "code": "PERSISTED_QUERY_NOT_FOUND"}}
    ]
    assert answers[1]["data"]["films_by_pk"]["title"]
    assert answers[1] == answers[2] == answers[3]


def test_what_is_registered_is_bounded(url: str) -> None:
    others = [
        hashed(text, hash=sha256(text.encode()).hexdigest(), variables={})
        for text in ("{ films { id } }", "{ films { title } }")
    ]
    answers = ask(url, hashed(FILMS), *others, hashed(), limits={"persisted_max": 2})
    assert message(answers[-1]) == "PersistedQueryNotFound"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (hashed(FILMS, hash="0" * 64), "the hash of the persisted query is not that of the query"),
        (hashed(hash="x"), "the persisted query is none that is known of"),
        (hashed(version=2), "the persisted query is none that is known of"),
        ({"extensions": {"persistedQuery": 1}}, "the request is none of GraphQL"),
        ({"extensions": {}}, "missing required field `query`"),
    ],
)
def test_a_hash_that_is_none_is_refused(url: str, body: dict[str, Any], says: str) -> None:
    [answer] = ask(url, body)
    assert says in message(answer)
    assert answer["errors"][0]["extensions"]["code"] == "bad-request"
