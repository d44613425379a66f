"""`mainstay sql`: what a request becomes, without a database."""

from typing import Annotated

from cyclopts import Parameter


def sql(  # noqa: PLR0913 - each is an option
    request: str,
    /,
    *,
    app: str = "app.py",
    role: str | None = None,
    claims: str | None = None,
    header: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    body: str | None = None,
) -> None:
    """Print the operation, the plan and the SQL that a request becomes. Needs no database.

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
    """
    from mainstay.cli.asking import Question, ask, show
    from mainstay.cli.loading import find_target, load_app

    show(ask(load_app(find_target(app)), Question(request, role, claims, header, body)))
