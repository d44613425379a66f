"""`mainstay token`: a token for development, signed with the app's secret."""

import os
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def token(
    *,
    role: str,
    claims: str | None = None,
    secret: str | None = None,
    data: Path = Path(".mainstay"),
    expires: Annotated[str, Parameter(name="--expires")] = "1h",
) -> None:
    """Print a token for development.

    Example: curl -H "Authorization: Bearer $(mainstay token --role admin)" http://127.0.0.1:8000/rest/v1/films

    Parameters
    ----------
    role
        The role that the token is for.
    claims
        More claims, as a JSON object: '{"sub": "ada"}'.
    secret
        The secret to sign with; else MAINSTAY_JWT_SECRET, else the one that mainstay dev made.
    data
        Where mainstay dev keeps its database and its secret.
    expires
        How long it is good for: 90s, 30m, 1h, 7d.
    """
    from mainstay.cli.tokens import parse_claims, read_secret, seconds, sign
    from mainstay.settings import Settings

    settings = Settings.load({}, os.environ)
    signed_with = secret or settings.jwt_secret or read_secret(data)
    print(sign(settings.replace(jwt_secret=signed_with), role, parse_claims(claims), seconds(expires)))
