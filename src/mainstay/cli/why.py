"""`mainstay why`: which rule shows how many rows of what a request asks for, and what hides the others."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from cyclopts import Parameter

if TYPE_CHECKING:
    from mainstay.why import Granting, Why


def why(  # noqa: PLR0913 - each is an option
    request: str,
    /,
    *,
    app: str = "app.py",
    role: str | None = None,
    claims: str | None = None,
    header: Annotated[tuple[str, ...], Parameter(negative="", show_default=False)] = (),
    database: str | None = None,
    data: Path = Path(".mainstay"),
) -> None:
    """Print which rule shows how many of the rows that a read asks for, and which condition hides the others.

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
        A header of the request, 'Accept-Profile: sales'; may be repeated.
    database
        The database's URL; else the app's own, else the one that mainstay dev runs.
    data
        Where mainstay dev keeps its database.
    """
    import asyncio
    import secrets

    from mainstay.cli.asking import Question, asked_of, database_of, parse_request, principal_of
    from mainstay.cli.explain import OWN_TOKENS
    from mainstay.cli.loading import find_target, load_app
    from mainstay.cli.tokens import sign

    served = load_app(find_target(app))
    # The request goes the server's own way, with a token, so that it is what a caller would be told in development.
    changes: dict[str, Any] = {"database_url": database_of(served, database, data), "dev": True}
    served.configure(served.settings.replace(**changes, **OWN_TOKENS, jwt_secret=secrets.token_urlsafe(48)))
    question = Question(request, role, claims, header, None)
    asked = parse_request(question, served.settings.rest_prefix)
    headers = {"prefer": "why", **dict(asked.headers.items())}
    headers["prefer"] = "why, " + headers["prefer"] if headers["prefer"] != "why" else "why"
    if role is not None:
        headers["authorization"] = f"Bearer {sign(served.settings, role, principal_of(served, question).claims, 60)}"
    told = asyncio.run(asked_of(served, msgspec.structs.replace(asked, headers=headers)))
    from mainstay.why import Why

    print(in_words(msgspec.json.decode(told, type=Why)))


def in_words(told: "Why") -> str:
    """For the person at the terminal."""
    lines = [f"{told.table} as {told.role}: {told.matching} rows fit the request, {told.shown or 0} are shown."]
    if told.problem is not None:
        lines += ["", f"It is refused: {told.problem}", f"What would allow it: {told.needs}"]
    for number, rule in enumerate(told.rules, 1):
        lines += ["", *_rule_lines(number, rule)]
    if not told.rules:
        lines += ["", "No rule lets the role read the table."]
    return "\n".join(lines)


def _rule_lines(number: int, rule: "Granting") -> list[str]:
    lines = [f"Rule {number} shows {rule.grants} of them, and of each: {', '.join(rule.columns)}"]
    lines += [f"  {part.condition}" + (f" (hides {part.hides})" if part.hides else "") for part in rule.conditions]
    lines += [f"  The token lacks {claim}." for claim in rule.missing]
    return lines
