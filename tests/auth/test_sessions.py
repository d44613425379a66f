"""Hasura's ways of saying who asks: whom an admin secret, headers and the claims of its tokens make of a request."""

import asyncio
import json
from typing import Any

import pytest

from cinema.models import Base
from mainstay import Mainstay
from mainstay.auth.issue import issue_token
from mainstay.auth.session import Sessions
from mainstay.core.exchange import Request
from mainstay.core.principal import Principal
from mainstay.core.problem import DeclarationError, Problem

NAMESPACE = "https://hasura.io/jwt/claims"
SECRET = "a-secret-of-thirty-two-bytes-or-so"
CLAIMS = {"x-hasura-default-role": "user", "X-Hasura-Allowed-Roles": ["user", "editor"], "x-hasura-user-id": "7"}


def sessions(secret: str | None = None, *, open: bool = False, namespace: str | None = None) -> Sessions:
    return Sessions(secret, open=open, namespace=namespace)


def test_who_knows_the_secret_acts_as_any_role_with_the_variables_that_he_sends() -> None:
    asked = sessions("s3cret")
    admin = asked.principal({"x-hasura-admin-secret": "s3cret"})
    assert admin is not None
    assert (admin.role, dict(admin.claims), admin.anonymous) == ("admin", {}, False)
    headers = {"x-hasura-admin-secret": "s3cret", "x-hasura-role": "user", "x-hasura-user-id": "7", "accept": "*/*"}
    user = asked.principal(headers)
    assert user is not None
    assert (user.role, user.claim(("x-hasura-user-id",))) == ("user", "7")
    assert "x-hasura-admin-secret" not in user.claims
    assert "accept" not in user.claims


def test_who_does_not_know_the_secret_is_refused_and_without_it_a_token_decides() -> None:
    asked = sessions("s3cret")
    with pytest.raises(Problem, match="invalid"):
        asked.principal({"x-hasura-admin-secret": "guess"})
    assert asked.principal({"x-hasura-role": "admin", "x-hasura-user-id": "7"}) is None


def test_headers_are_believed_without_a_secret_only_where_the_settings_say_so() -> None:
    assert sessions().principal({"x-hasura-role": "admin"}) is None
    opened = sessions(open=True)
    assert opened.principal({"x-hasura-role": "user"}) == Principal("user", {"x-hasura-role": "user"})
    assert opened.principal({"authorization": "Bearer x", "x-hasura-role": "admin"}) is None


def test_a_variable_that_is_an_arrays_text_is_a_list() -> None:
    principal = sessions(open=True).principal({"x-hasura-ids": '{1, 2,"a b"}', "x-hasura-none": "{}"})
    assert principal is not None
    assert principal.claims == {"x-hasura-ids": ["1", "2", "a b"], "x-hasura-none": []}


def test_a_token_says_which_roles_a_request_may_choose_among() -> None:
    asked = sessions(namespace=NAMESPACE)
    for said in (CLAIMS, json.dumps(CLAIMS)):
        principal = Principal("user", {NAMESPACE: said, "sub": "ada"})
        chosen = asked.chosen(principal, {"x-hasura-role": "editor"})
        assert (chosen.role, chosen.claim(("x-hasura-user-id",)), chosen.claim(("sub",))) == ("editor", "7", "ada")
        assert asked.chosen(principal, {"x-hasura-user-id": "8"}).claim(("x-hasura-user-id",)) == "7"
        with pytest.raises(Problem, match="not in allowed roles"):
            asked.chosen(principal, {"x-hasura-role": "admin"})
    with pytest.raises(Problem, match="no Hasura claims"):
        asked.chosen(Principal("user", {}), {})


def test_a_secret_that_nobody_asks_for_is_refused_at_the_start() -> None:
    with pytest.raises(DeclarationError, match="there is a secret, and none is asked for"):
        sessions("s3cret", open=True)


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({"x-hasura-admin-secret": "guess"}, 401, 'invalid "x-hasura-admin-secret"/"x-hasura-access-key"'),
        ({"authorization": "token", "x-hasura-role": "admin"}, 401, "Your requested role is not in allowed roles"),
    ],
)
def test_a_wrong_caller_is_refused_by_graphql_in_hasuras_words(
    headers: dict[str, str], status: int, message: str, postgres: Any
) -> None:
    app = Mainstay(
        Base,
        database_url=postgres.create_database(),
        admin_secret="s3cret",
        jwt_secret=SECRET,
        jwt_claims_namespace=NAMESPACE,
    )
    if "authorization" in headers:
        headers = {**headers, "authorization": f"Bearer {issue_token(SECRET, {NAMESPACE: CLAIMS})}"}

    async def main() -> Any:
        await app.start()
        try:
            sent = {"content-type": "application/json", "accept": "application/graphql-response+json", **headers}
            return await app.handle(Request("POST", "/graphql", "", sent, b'{"query": "{ __typename }"}'))
        finally:
            await app.stop()

    response = asyncio.run(main())
    [error] = json.loads(response.body or b"")["errors"]
    assert (response.status, error["message"], error["extensions"]["code"]) == (status, message, "access-denied")
