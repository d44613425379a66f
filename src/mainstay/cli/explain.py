"""`mainstay explain`: what a request becomes, and how PostgreSQL would run it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

if TYPE_CHECKING:
    from mainstay.cli.asking import Asked


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

    from mainstay.cli.asking import ask, database_of, show
    from mainstay.cli.pretty import section

    asked = ask(request, app=app, role=role, claims=claims, headers=header, body=body)
    url = database_of(asked.app, database, data)
    asked.app.configure(asked.app.settings.replace(database_url=url))
    plan = asyncio.run(_database_plan(asked, analyze=analyze))
    show(asked)
    section("postgresql", plan)


async def _database_plan(asked: "Asked", *, analyze: bool) -> str:
    import msgspec

    options = frozenset({"format_text", "analyze"} if analyze else {"format_text"})
    operation = msgspec.structs.replace(asked.operation, explain=True, explain_options=options)
    await asked.app.start()
    try:
        result = await asked.app.pipeline.run(operation, asked.principal)
    finally:
        await asked.app.stop()
    return (result.body or b"").decode().strip()
