"""An application that answers every request with the same bytes: what the HTTP server costs by itself."""

from mainstay.core.exchange import Request, Response
from mainstay.core.limits import Limits
from mainstay.core.problem import Problem

HEADERS = [("content-type", "application/json; charset=utf-8"), ("content-range", "0-0/*")]
BODY = b"x" * 320  # about the length of one flight


class Constant:
    limits = Limits()

    async def handle(self, request: Request) -> Response:
        return Response(200, HEADERS, BODY)

    def refuse(self, problem: Problem, request: Request) -> Response:
        return Response(500, HEADERS, BODY)

    async def start(self) -> None: ...

    async def stop(self) -> None: ...

    async def ready(self) -> bool:
        return True


app = Constant()
