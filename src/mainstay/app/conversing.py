"""Answers what is asked over sockets and streams. They may outlast what answers, so it is looked up each time."""

from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from mainstay.app.graph import Graph
from mainstay.core.exchange import Request
from mainstay.core.principal import Principal
from mainstay.event.expiry import expires
from mainstay.pipeline import Pipeline
from mainstay.wires.rest import RestWire


class Current(Protocol):
    """What answers now."""

    graph: Graph
    pipeline: Pipeline
    wire: RestWire

    async def authenticate(self, request: Request) -> Principal: ...


class Conversing:
    """Implements `wires.graphql.session.Answerer`."""

    def __init__(self, current: Callable[[], Current], leeway_s: int) -> None:
        self.current = current
        self.leeway_s = leeway_s

    async def authenticate(self, request: Request) -> Principal:
        return await self.current().authenticate(request)

    def expires(self, principal: Principal) -> float:
        return expires(principal, self.leeway_s)

    def answers(self, request: Request, principal: Principal) -> AsyncGenerator[bytes, None]:
        return self.current().graph.answers(request, principal)
