"""`mainstay serve`: the app in production."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from mainstay.cli.schemas import Schemas
from mainstay.settings import PUBLIC_KEYS

if TYPE_CHECKING:
    from mainstay.settings import Settings


def serve(  # noqa: PLR0913 - each is an option
    app: str | None = None,
    /,
    *,
    database: str | None = None,
    schema: Schemas = (),
    anonymous_role: str | None = None,
    workers: int = 1,
    host: str = "127.0.0.1",
    port: int = 8000,
    uds: Path | None = None,
    log_requests: Annotated[bool | None, Parameter(negative="--no-log-requests")] = None,
    log_format: Literal["auto", "json", "console"] | None = None,
) -> None:
    """Serve an app, or a database without one, in production. Creates nothing in the database.

    Parameters
    ----------
    app
        Where the app is: module:attribute, or a file; without one, the tables, views and functions of the database are
        served, and its own grants and row-level security decide who may do what.
    database
        The PostgreSQL database's URL; else MAINSTAY_DATABASE_URL, else the app's own.
    schema
        A schema to serve, where the database is reflected; several with commas between them; the first is the default.
    anonymous_role
        The role of a request without a token.
    workers
        Processes that serve; one for each core is a good start.
    host
        The address to listen on.
    port
        The port to listen on.
    uds
        A Unix socket to listen on instead.
    log_requests
        Log each request.
    log_format
        How log lines are written; auto is text on a terminal and JSON elsewhere.
    """
    import os
    import sys

    from mainstay.cli.failure import Failure
    from mainstay.cli.hosting import announce, configure, run_server
    from mainstay.cli.loading import Target, find_target, load_app

    if workers < 1:
        raise Failure("there must be at least one worker")
    target = find_target(app) if app is not None else Target("mainstay.cli.bare", Path.cwd(), "app")
    changes: dict[str, Any] = {
        "database_url": database,
        "schemas": schema or None,
        "anonymous_role": anonymous_role,
        "log_requests": log_requests,
        "log_format": log_format,
    }
    changes = {name: value for name, value in changes.items() if value is not None}
    settings = configure(load_app(target), changes, {}).settings
    if settings.database_url is None:
        raise Failure("there is no database to serve; give --database URL or set MAINSTAY_DATABASE_URL")
    if settings.admin_open:
        print("mainstay: admin_open is set, so whoever asks may act as any role", file=sys.stderr)
    elif not has_key(settings) and settings.admin_secret is None:
        who = "nobody is let in" if settings.anonymous_role is None else "only the anonymous role works"
        print(f"mainstay: no JWT key is set, so {who}; set MAINSTAY_JWT_SECRET", file=sys.stderr)
    os.environ.update(announce(target, changes, {}))
    sys.exit(run_server(settings, host=host, port=port, uds=uds, workers=workers))


def has_key(settings: "Settings") -> bool:
    """Whether any token can be verified."""
    return any(getattr(settings, name) is not None for name in ("jwt_secret", *PUBLIC_KEYS))
