"""What the settings say about tokens holds for a running app's requests."""

import asyncio
import json
import time
from typing import Any

import pytest
from auth_signing import ED25519, OTHER_RSA, P256, RSA, SECRET, pem, private_pem, token

from cinema.app import cinema
from mainstay.core.exchange import Request, Response
from mainstay.core.problem import DeclarationError
from services.postgres import Postgres

OWNER = {"role": "owner"}


def answer(postgres: Postgres, headers: dict[str, str], method: str = "GET", **settings: Any) -> Response:
    """What the app says of its API's description, for which somebody has to ask."""

    async def ask() -> Response:
        app = cinema(database_url=postgres.url(), **settings)
        await app.start()
        try:
            return await app.handle(Request(method, "/rest/v1/", "", headers))
        finally:
            await app.stop()

    return asyncio.run(ask())


def status(postgres: Postgres, text: str | None, **settings: Any) -> tuple[int, str | None]:
    """The status, and the message of a refusal."""
    said = answer(postgres, {} if text is None else {"authorization": f"Bearer {text}"}, **settings)
    return said.status, None if said.status == 200 else json.loads(said.body or b"")["message"]


@pytest.mark.parametrize(("algorithm", "key"), [("RS256", RSA), ("PS512", RSA), ("ES256", P256), ("EdDSA", ED25519)])
def test_a_public_key_verifies(algorithm: str, key: Any, postgres: Postgres) -> None:
    signed = token(OWNER, algorithm=algorithm, key=key)
    assert status(postgres, signed, jwt_secret=None, jwt_public_key=pem(key)) == (200, None)


def test_a_public_key_verifies_nothing_else(postgres: Postgres) -> None:
    for signed in (
        token(OWNER, algorithm="RS256", key=OTHER_RSA),
        token(OWNER, key=SECRET),
        token(OWNER, key=pem(RSA)),
    ):
        assert status(postgres, signed, jwt_secret=None, jwt_public_key=pem(RSA))[0] == 401


@pytest.mark.parametrize("key", [private_pem(RSA), "no key"])
def test_what_is_no_public_key_stops_the_start_and_is_not_quoted(key: str, postgres: Postgres) -> None:
    with pytest.raises(DeclarationError) as caught:
        answer(postgres, {}, jwt_public_key=key)
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("claims", "settings", "expected"),
    [
        (OWNER, {"jwt_audience": "us"}, (401, "JWT not in audience")),
        (OWNER, {"jwt_audience": "us", "jwt_audience_required": False}, (200, None)),
        (OWNER | {"aud": "us"}, {"jwt_audience": "us"}, (200, None)),
        (OWNER | {"aud": "them"}, {"jwt_audience": "us", "jwt_audience_required": False}, (401, "JWT not in audience")),
        (OWNER, {"jwt_lifetime_s_max": 3_600}, (401, "JWT lives too long")),
        ({"sub": "ada"}, {}, (200, None)),
        ({"sub": "ada"}, {"anonymous_role": None}, (401, "Anonymous access is disabled")),
        (OWNER, {"anonymous_role": None}, (200, None)),
    ],
)
def test_a_token_is_what_the_settings_want(
    claims: dict[str, Any], settings: dict[str, Any], expected: tuple[int, str | None], postgres: Postgres
) -> None:
    assert status(postgres, token(claims), jwt_secret=SECRET, **settings) == expected


@pytest.mark.parametrize(("lifetime_s", "expected"), [(3_600, 200), (3_601, 401)])
def test_a_lifetime_is_counted_from_the_time_of_issue(lifetime_s: int, expected: int, postgres: Postgres) -> None:
    now = int(time.time()) - 100
    signed = token(OWNER | {"iat": now, "exp": now + lifetime_s})
    assert status(postgres, signed, jwt_secret=SECRET, jwt_lifetime_s_max=3_600)[0] == expected


def test_without_an_anonymous_role_nobody_asks_without_a_token(postgres: Postgres) -> None:
    said = answer(postgres, {}, anonymous_role=None)
    assert (said.status, json.loads(said.body or b"")["code"]) == (401, "PGRST302")
    assert ("www-authenticate", "Bearer") in said.headers
    assert answer(postgres, {}, method="OPTIONS", anonymous_role=None).status == 401


def test_a_browsers_preflight_needs_no_token(postgres: Postgres) -> None:
    headers = {"origin": "https://films.example", "access-control-request-method": "GET"}
    said = answer(postgres, headers, method="OPTIONS", anonymous_role=None)
    assert said.status == 200
    assert ("access-control-allow-origin", "*") in said.headers
    assert answer(postgres, headers, anonymous_role=None).status == 401
