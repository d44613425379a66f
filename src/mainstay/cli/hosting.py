"""How a command's wishes reach the processes that serve: as one environment variable, read when they load the app.

A worker imports the app anew, so what the command line says has to be said to each of them.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from mainstay.cli.loading import Target, load_app
from mainstay.settings import PUBLIC_KEYS

if TYPE_CHECKING:
    from mainstay.app import Mainstay
    from mainstay.settings import Settings

VARIABLE = "_MAINSTAY_HOSTED"


class Hosted(msgspec.Struct, frozen=True):
    """`changes` are settings that the command line decided; `fallbacks` apply where the app has nothing of its own."""

    module: str
    directory: str
    attribute: str | None = None
    changes: dict[str, Any] = {}
    fallbacks: dict[str, Any] = {}


def announce(target: Target, changes: dict[str, Any], fallbacks: dict[str, Any]) -> dict[str, str]:
    """The environment variable for the processes to come."""
    hosted = Hosted(target.module, str(target.directory), target.attribute, changes, fallbacks)
    return {VARIABLE: msgspec.json.encode(hosted).decode()}


def load_hosted() -> "Mainstay":
    """The app that was announced, configured."""
    hosted = msgspec.json.decode(os.environ[VARIABLE], type=Hosted)
    app = load_app(Target(hosted.module, Path(hosted.directory), hosted.attribute))
    return configure(app, hosted.changes, hosted.fallbacks)


def configure(app: "Mainstay", changes: dict[str, Any], fallbacks: dict[str, Any]) -> "Mainstay":
    """Give the app its settings: its own, with what the command line says in front and behind."""
    settings = app.settings
    missing = {name: value for name, value in fallbacks.items() if getattr(settings, name) is None}
    if any(getattr(settings, name) is not None for name in PUBLIC_KEYS):
        missing.pop("jwt_secret", None)  # an app with public keys must not take tokens of a secret it never named
    app.configure(settings.replace(**{**missing, **changes}))
    return app


def run_server(  # noqa: PLR0913 - each is an option of a command
    settings: "Settings",
    *,
    host: str,
    port: int,
    uds: Path | None = None,
    workers: int = 1,
    started: Callable[[], None] | None = None,
) -> int:
    """Serve what was announced until a signal says to stop; the exit code.

    `started` is called once requests are answered; a developer, who gives it, is not told of the server's life besides.
    """
    from mainstay.core.observation import Observation, Started
    from mainstay.observe.log import LogFormat
    from mainstay.serve.server import run

    def observe(observation: Observation, /) -> None:
        if isinstance(observation, Started) and started is not None:
            started()

    return run(
        "mainstay.cli.hosted:app",
        host=host,
        port=port,
        uds=uds,
        workers=workers,
        limits=settings.limits,
        drain_grace_ms=500 if started is None else 0,  # no load balancer has to notice that a developer stops
        log_format=LogFormat(settings.log_format),
        log_level="info" if started is None or settings.log_requests else "warning",
        log_requests=settings.log_requests,
        observers=[observe],
    )
