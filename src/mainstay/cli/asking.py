"""A request as it is written on a command line, taken as far as its statement: what `sql` and `explain` share."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.cli.failure import Failure
from mainstay.cli.layout import layout
from mainstay.cli.loading import load_catalog
from mainstay.cli.pretty import render, section
from mainstay.cli.tokens import parse_claims
from mainstay.core.condition import Claim, Literal, Slot
from mainstay.core.exchange import Request
from mainstay.core.operation import Operation
from mainstay.core.plan import Plan
from mainstay.core.principal import Principal
from mainstay.core.statement import Bind, Statement

if TYPE_CHECKING:
    from mainstay.app import Mainstay

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class Asked(msgspec.Struct, frozen=True):
    """A request, and what Mainstay makes of it."""

    request: Request
    operation: Operation
    principal: Principal
    plan: Plan
    statement: Statement


class Question(msgspec.Struct, frozen=True):
    """A request as the options describe it; `claims` and `headers` are as they were written."""

    text: str
    role: str | None
    claims: str | None
    headers: Sequence[str]
    body: str | None


def ask(app: "Mainstay", question: Question) -> Asked:
    """Parse, plan and compile. Raises `Problem` as the server would, `Failure` and `DeclarationError`."""
    load_catalog(app)
    request = parse_request(question, app.settings.rest_prefix)
    principal = principal_of(app, question)
    operation = app.parse(request)
    plan, statement = app.prepare(operation, principal)
    return Asked(request, operation, principal, plan, statement)


def parse_request(question: Question, prefix: str) -> Request:
    """A request from `GET /films?id=eq.1`, with or without the method and the prefix."""
    from urllib.parse import unquote

    method, space, target = question.text.strip().partition(" ")
    if not space:
        method, target = "GET", method
    if method.upper() not in METHODS:
        raise Failure(f"{method!r} is no method; a request is written as 'GET /films?id=eq.1'")
    path, _, query = target.strip().partition("?")
    path = unquote("/" + path.lstrip("/"))
    if prefix and not path.startswith(f"{prefix}/"):
        path = f"{prefix}{path}"
    return Request(method.upper(), path, query, parse_headers(question.headers), (question.body or "").encode())


def parse_headers(headers: Sequence[str]) -> dict[str, str]:
    """Headers from `Name: value`."""
    found = {}
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon:
            raise Failure(f"{header!r} is no header; write it as 'Prefer: count=exact'")
        found[name.strip().lower()] = value.strip()
    return found


def principal_of(app: "Mainstay", question: Question) -> Principal:
    """The caller that the options describe; without a role, one without a token."""
    anonymous = app.settings.anonymous_role
    chosen = question.role or anonymous
    roles = role_names(app)
    if chosen is None:
        raise Failure("nobody may ask without a token (anonymous_role is empty); say who asks: --role ROLE")
    if chosen not in roles and not app.policy.defers:
        raise Failure(f"no role {chosen!r} is declared; there are: {', '.join(roles) or 'none'}")
    return Principal(chosen, parse_claims(question.claims), anonymous=question.role is None)


def role_names(app: "Mainstay") -> list[str]:
    """The declared roles, in the order of declaration."""
    return list(app.policy.roles)


def show(asked: Asked) -> None:
    """Print the operation, the plan and the statement with where its binds come from."""
    section("operation", render(asked.operation))
    section("plan", render(asked.plan))
    section("sql", layout(asked.statement.text))
    if asked.statement.binds:
        section("binds", "\n".join(_bind_lines(asked)))


def _bind_lines(asked: Asked) -> list[str]:
    return [f"${number} = {_source(bind, asked)}" for number, bind in enumerate(asked.statement.binds, 1)]


def _source(bind: Bind, asked: Asked) -> str:
    match bind.source:
        case Slot(index=index):
            return f"{asked.operation.values[index]!r} (the request's)"
        case Claim(path=path):
            return f"{asked.principal.claim(path)!r} (claim {'.'.join(path)})"
        case Literal(value=value):
            return f"{value!r} (the policy's)"


def database_of(app: "Mainstay", given: str | None, data: "os.PathLike[str]") -> str:
    """The database to ask: the one given, the app's, or the one that `mainstay dev` runs right now."""
    from pathlib import Path

    from mainstay.cli.embedded import running_url

    url = given or app.settings.database_url or running_url(Path(data))
    if url is None:
        raise Failure("there is no database to ask; give --database URL, or keep mainstay dev running")
    return url


async def asked_of(app: "Mainstay", request: Request) -> str:
    """What the app answers to the request, on its database. Raises Failure for a problem."""
    await app.start()
    try:
        response = await app.handle(request)
    finally:
        await app.stop()
    text = (response.body or b"").decode()
    if response.status >= 400:
        problem = msgspec.json.decode(text, type=dict[str, Any])
        raise Failure(f"{problem['code']}: {problem['message']}")
    return text.strip()
