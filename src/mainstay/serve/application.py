"""What serve asks of the application that it serves, and nothing more."""

from typing import Protocol

from mainstay.core.exchange import Request, Response, Upgrade
from mainstay.core.limits import Limits
from mainstay.core.problem import Problem


class Application(Protocol):
    """One object per process. All of it runs on that process's event loop."""

    @property
    def limits(self) -> Limits: ...

    async def handle(self, request: Request) -> Response:
        """The answer to one request; problems are rendered, not raised. Cancelled when the client has gone."""
        ...

    async def connect(self, request: Request) -> Response | Upgrade:
        """The answer to a request for a WebSocket: a conversation, or why there is none."""
        ...

    def refuse(self, problem: Problem, request: Request) -> Response:
        """What serve itself refuses, rendered. Its codes are `MS` and the HTTP status, such as `MS413`.

        `request` holds what was read of it so far: never a body.
        """
        ...

    async def start(self) -> None:
        """Before the first request. Raises where it can't be served: the process then ends with that message."""
        ...

    async def stop(self) -> None:
        """After the last request."""
        ...

    async def ready(self) -> bool:
        """True when requests can be answered well now."""
        ...
