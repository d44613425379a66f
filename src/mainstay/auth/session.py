"""Hasura's ways of saying who asks: an admin secret, the headers beside it, and the claims that its tokens hold.

A session variable is a claim of its lower-case name: `x-hasura-user-id` is `claim["x-hasura-user-id"]`. Headers are
believed only from who may act as any role; from anyone else they choose, at most, among the roles that a token names.
Source: https://hasura.io/docs/2.0/auth/authentication/jwt/
"""

import hmac
from typing import Any

import msgspec

from mainstay.auth.denial import rejected
from mainstay.core.exchange import Headers
from mainstay.core.principal import Principal
from mainstay.core.problem import DeclarationError, Problem

ADMIN = "admin"
"""The role of who knows the secret and names none."""
PREFIX = "x-hasura-"
SECRET_HEADERS = ("x-hasura-admin-secret", "x-hasura-access-key")
ROLE_HEADER = "x-hasura-role"
DEFAULT_ROLE = "x-hasura-default-role"
ALLOWED_ROLES = "x-hasura-allowed-roles"


class Sessions:
    """`secret` lets a request act as any role, and `open` any request without credentials.

    `namespace` is the claim that holds Hasura's in a token. Raises DeclarationError where two of them contradict.
    """

    def __init__(self, secret: str | None, *, open: bool, namespace: str | None) -> None:
        if secret is not None and open:
            raise DeclarationError(
                "there is a secret, and none is asked for",
                where="setting admin_open",
                hint="Leave admin_open out where admin_secret is set.",
            )
        self._secret = secret
        self._open = open
        self._namespace = namespace

    def principal(self, headers: Headers) -> Principal | None:
        """Who asks by the secret, or where no secret is asked for by headers alone; None where a token tells.

        Raises Problem for a wrong secret.
        """
        if self._secret is not None:
            sent = next((sent for name in SECRET_HEADERS if (sent := headers.get(name)) is not None), None)
            if sent is None:
                return None
            if not hmac.compare_digest(sent.encode(), self._secret.encode()):
                names = "/".join(f'"{name}"' for name in SECRET_HEADERS)
                raise Problem("PGRST302", f"invalid {names}")
            return _trusted(headers)
        if self._open and headers.get("authorization") is None and headers.get("apikey") is None:
            return _trusted(headers)
        return None

    def chosen(self, principal: Principal, headers: Headers) -> Principal:
        """The principal of a token in the role that the request asks for, with the token's session variables as claims.

        Raises Problem for a role that the token does not allow.
        """
        if self._namespace is None or principal.anonymous:
            return principal
        variables = _variables(principal.claims.get(self._namespace))
        role = headers.get(ROLE_HEADER) or principal.role
        allowed = variables.get(ALLOWED_ROLES)
        if not isinstance(allowed, list) or role not in allowed:
            raise Problem("PGRST302", "Your requested role is not in allowed roles")
        return Principal(role, {**principal.claims, **variables})


def _trusted(headers: Headers) -> Principal:
    claims = {name: _value(text) for name, text in headers.items() if _is_variable(name)}
    return Principal(headers.get(ROLE_HEADER) or ADMIN, claims)


def _is_variable(name: str) -> bool:
    return name.startswith(PREFIX) and name not in SECRET_HEADERS


def _variables(said: Any) -> dict[str, Any]:
    """A namespace is an object, or the JSON text of one; its names are in any case."""
    if isinstance(said, str):
        try:
            said = msgspec.json.decode(said)
        except ValueError:
            said = None
    if not isinstance(said, dict):
        raise rejected("The token has no Hasura claims")
    return {name.lower(): _value(value) for name, value in said.items()}


def _value(value: Any) -> Any:
    """PostgreSQL's text of an array, as Hasura has lists in variables, is a list."""
    if isinstance(value, str) and value[:1] == "{" and value[-1:] == "}" and ":" not in value:
        return [_item(item) for item in value[1:-1].split(",") if item.strip()]
    return value


def _item(text: str) -> str:
    text = text.strip()
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text
