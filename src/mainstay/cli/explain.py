"""`mainstay explain`: what a request becomes, and how PostgreSQL would run it."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

OWN_TOKENS: dict[str, Any] = {
    "jwt_public_key": None,
    "jwt_jwks": None,
    "jwt_jwks_url": None,
    "jwt_algorithms": (),
    "jwt_secret_is_base64": False,
    "jwt_lifetime_s_max": None,
}


def explain(  # noqa: PLR0913 - each is an option
    request: str,
    /,
    *,
    app: str = "app.py",
    role: str | None = None,
    claims: str | None = None,
    header: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    body: str | None = None,
    database: str | None = None,
    data: Path = Path(".mainstay"),
    analyze: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Print what mainstay sql prints, and PostgreSQL's plan of it.

    Parameters
    ----------
    request
        The request, such as 'GET /films?id=eq.1'.
    app
        Where the app is: a file, or module:attribute.
    role
        The role that asks; else nobody with a token.
    claims
        The claims of its token, as a JSON object.
    header
        A header of the request, 'Prefer: count=exact'; may be repeated.
    body
        The body of the request.
    database
        The database's URL; else the app's own, else the one that mainstay dev runs.
    data
        Where mainstay dev keeps its database.
    analyze
        Run a read, and tell how long each step of it took.
    """
    import asyncio
    import secrets

    from mainstay.cli.asking import Question, ask, asked_of, database_of, parse_headers, show
    from mainstay.cli.loading import find_target, load_app
    from mainstay.cli.pretty import section
    from mainstay.cli.tokens import sign

    served = load_app(find_target(app))
    # The request goes the server's own way, with a token, so that the plan is the very one that a caller would have.
    changes = {"database_url": database_of(served, database, data), "plan_enabled": True}
    served.configure(served.settings.replace(**changes, **OWN_TOKENS, jwt_secret=secrets.token_urlsafe(48)))
    asked = ask(served, Question(request, role, claims, header, body))
    headers = parse_headers(header)
    if role is not None:
        headers["authorization"] = f"Bearer {sign(served.settings, role, asked.principal.claims, 60)}"
    options = "analyze|verbose" if analyze else "verbose"
    represented = headers.get("accept", "application/json")
    headers["accept"] = f'application/vnd.pgrst.plan+text; for="{represented}"; options={options}'
    plan = asyncio.run(asked_of(served, msgspec.structs.replace(asked.request, headers=headers)))
    show(asked)
    section("postgresql", plan)
