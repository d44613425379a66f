"""Limits of roles hold on both wires for the role and those that inherit from it, and for no other."""

import asyncio
import json
from typing import Any

import pytest

from cinema.app import cinema
from cinema.setting import TOKENS, set_up
from mainstay import Mainstay
from mainstay.core.exchange import Request
from mainstay.core.operation import Operation, Read, TableRef
from mainstay.core.principal import Principal
from mainstay.core.problem import DeclarationError
from services.postgres import Postgres


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    url = postgres.create_database()
    asyncio.run(set_up(url, cinema().metadata))
    return url


def app_of(url: str, **bounds: int) -> Mainstay:
    """The critic's limits are those of members, whom anna is one of."""
    app = cinema(database_url=url)
    app.policies.roles["member"].limits(**bounds)
    return app


def graph(text: str, who: str | None = None) -> Request:
    body = json.dumps({"query": text}).encode()
    return Request("POST", "/v1/graphql", "", {"content-type": "application/json"} | bearer(who), body)


def rest(target: str, who: str | None = None) -> Request:
    path, _, query = target.partition("?")
    return Request("GET", f"/rest/v1/{path}", query, bearer(who))


def bearer(who: str | None) -> dict[str, str]:
    return {} if who is None else {"authorization": f"Bearer {TOKENS[who]}"}


def ask(app: Mainstay, *requests: Request) -> list[Any]:
    async def main() -> list[Any]:
        await app.start()
        try:
            return [json.loads((await app.handle(request)).body or b"") for request in requests]
        finally:
            await app.stop()

    return asyncio.run(main())


HELD: list[tuple[dict[str, int], str, str, str]] = [
    ({"depth_max": 1}, "{ films { director { mentor { id } } } }", "films?select=director(mentor(id))", "too deep"),
    ({"select_max": 1}, "{ films { id title } }", "films?select=id,title", "too many"),
    ({"terms_max": 1}, "{ films(where: {id: {_gt: 1, _lt: 9}}) { id } }", "films?id=gt.1&id=lt.9", "too many"),
    ({"list_max": 1}, "{ films(where: {id: {_in: [1, 2]}}) { id } }", "films?id=in.(1,2)", "too long"),
    ({"cost_max": 9}, "{ films(limit: 5) { id title } }", "films?select=id,title&limit=5", "may read 10 values"),
]


@pytest.mark.parametrize(("bounds", "text", "target", "says"), HELD)
def test_they_hold_for_who_inherits_and_for_nobody_else(
    url: str, bounds: dict[str, int], text: str, target: str, says: str
) -> None:
    requests = [make for who in ("anna", "critic", None, "owner") for make in (graph(text, who), rest(target, who))]
    answers = ask(app_of(url, **bounds), *requests)
    for member in (answers[0], answers[2]):
        assert says in member["errors"][0]["message"]
        assert member["errors"][0]["extensions"]["code"] == "validation-failed"
    assert all(says in answer["message"] for answer in (answers[1], answers[3]))
    assert all("data" in answer for answer in answers[4::2])
    assert all(isinstance(answer, list) for answer in answers[5::2])


def test_rows_are_fewer_for_the_role(url: str) -> None:
    text, target = "{ films { id } directors(limit: 1) { films { id } } }", "films?select=id"
    data, rows, others = ask(app_of(url, rows_max=1), graph(text, "anna"), rest(target, "anna"), rest(target))
    assert (len(data["data"]["films"]), len(rows)) == (1, 1)
    assert len(others) > 1


def test_a_roles_own_limit_goes_before_an_inherited_one(url: str) -> None:
    app = app_of(url, depth_max=1, rows_max=1)
    app.policies.roles["critic"].limits(depth_max=3)
    limits = app.served.bounds
    assert (limits["critic"].depth_max, limits["critic"].rows_max, limits["member"].depth_max) == (3, 1, 1)
    assert {*limits} == {"member", "critic"}


def test_statements_of_the_role_end_sooner(url: str) -> None:
    app = app_of(url, statement_ms_max=500)
    read = Operation(Read(TableRef("films"), ()), ())
    member, visitor = (app.prepare(read, Principal(role, {}))[1].settings for role in ("member", "anonymous"))
    assert (member, visitor) == ((("statement_timeout", "500"),), ())
    assert ask(app, rest("films?select=id&limit=1", "anna"))[0][0]["id"]


@pytest.mark.parametrize(
    ("bounds", "says"),
    [
        ({"depht_max": 1}, "'depht_max' is no limit of roles"),
        ({"sockets_max": 1}, "'sockets_max' is no limit of roles"),
        ({"depth_max": 0}, "depth_max is 0"),
        ({"depth_max": True}, "depth_max is True"),
    ],
)
def test_what_is_no_limit_of_roles_is_refused(bounds: dict[str, int], says: str) -> None:
    with pytest.raises(DeclarationError, match=says):
        cinema().policies.roles["member"].limits(**bounds)
