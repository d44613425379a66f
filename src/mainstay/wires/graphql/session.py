"""What is said over one WebSocket: who asks, once; then operations, each answered once or for as long as it lasts.

An operation is asked for its next answer when the client has taken the one before, so one answer of each is on its way
at most, and of a live query the newest. It knows no policy and no database: `Answerer` is the app's side.
"""

import asyncio
import math
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Protocol

import msgspec

from mainstay.core.exchange import Request, Socket
from mainstay.core.limits import Limits
from mainstay.core.principal import Principal
from mainstay.core.problem import Problem
from mainstay.wires.graphql import dialects
from mainstay.wires.graphql.dialects import Closed, Dialect, Message
from mainstay.wires.graphql.opening import headers_of, request_of
from mainstay.wires.graphql.problems import BUSY, EXPIRED, NO_REQUEST, body_of, invalid, message_of

EXPIRES = "PGRST303"


class Answerer(Protocol):
    """Who answers what is asked over a socket or a stream."""

    async def authenticate(self, request: Request) -> Principal:
        """Raises Problem."""
        ...

    def expires(self, principal: Principal) -> float:
        """When it is to be forgotten who asks, in seconds since 1970; infinite for never."""
        ...

    def answers(self, request: Request, principal: Principal) -> AsyncGenerator[bytes, None]:
        """One answer to a query or a mutation, and those to a subscription until it is closed. Raises Problem."""
        ...


class Session:
    """One socket's. `request` is what it was opened with."""

    def __init__(self, socket: Socket, request: Request, dialect: Dialect, answerer: Answerer, limits: Limits) -> None:
        self.socket = socket
        self.request = request
        self.dialect = dialect
        self.answerer = answerer
        self.limits = limits
        self.headers: dict[str, str] = {}
        self.principal: Principal | None = None
        self.operations: dict[str, asyncio.Task[None]] = {}
        self._asked = False
        self._ends = self._now() + limits.socket_init_ms_max / 1000
        self._next_sign = math.inf

    async def run(self) -> None:
        """Until either side ends it."""
        try:
            async with asyncio.TaskGroup() as group:
                try:
                    while (text := await self._receive()) is not None:
                        await self._take(text, group)
                finally:
                    for task in self.operations.values():
                        task.cancel()
        except* Closed as closing:
            closed = closing.exceptions[0]
            if isinstance(closed, Closed):
                await self._close(closed)

    async def _close(self, closed: Closed) -> None:
        if self.dialect is dialects.LEGACY and closed.code == dialects.FORBIDDEN:
            await self.socket.send(dialects.connection_error(closed.reason))
        self.socket.close(closed.code, closed.reason)

    async def _receive(self) -> str | None:
        """The next message. Meanwhile signs of life are given, and who may stay no longer is sent away."""
        while True:
            due = min(self._ends, self._next_sign)
            try:
                async with asyncio.timeout_at(None if due == math.inf else due):
                    return await self.socket.receive()
            except TimeoutError:
                await self._due()

    async def _due(self) -> None:
        now = self._now()
        if now >= self._ends:
            if self.principal is None:
                raise Closed(dialects.INIT_TIMEOUT, "Connection initialisation timeout")
            raise Closed(dialects.FORBIDDEN, EXPIRED)
        if now >= self._next_sign:
            self._next_sign = now + self.limits.socket_ping_ms / 1000
            await self.socket.send(dialects.KEEP_ALIVE)

    async def _take(self, text: str, group: asyncio.TaskGroup) -> None:
        try:
            message = dialects.read_message(text)
        except (msgspec.DecodeError, RecursionError):
            raise Closed(dialects.INVALID, "Invalid message received") from None
        if message.type == dialects.LEGACY.start and not self._asked:
            # gql (4.0) looks the chosen protocol up under another spelling of the header's name than hyper sends, and
            # not finding it speaks the older one. Whoever begins like that means it.
            self.dialect = dialects.LEGACY
        match message.type:
            case "connection_init":
                await self._begin(bytes(message.payload))
            case self.dialect.start:
                await self._start(message, group)
            case self.dialect.stop:
                self._stop(message.id)
            case "ping" if self.dialect is dialects.TRANSPORT:
                await self.socket.send(dialects.pong(bytes(message.payload)))
            case "pong" if self.dialect is dialects.TRANSPORT:
                pass
            case "connection_terminate" if self.dialect is dialects.LEGACY:
                raise Closed(1000, "")
            case _:
                raise Closed(dialects.INVALID, "Invalid message type")

    async def _begin(self, payload: bytes) -> None:
        if self.principal is not None:
            raise Closed(dialects.TOO_MANY_INITS, "Too many initialisation requests")
        self.headers = headers_of(self.request, payload)
        try:
            self.principal = await self.answerer.authenticate(request_of(self.request, self.headers, b""))
        except Problem as problem:
            code = dialects.TRY_AGAIN_LATER if problem.code in BUSY else dialects.FORBIDDEN
            raise Closed(code, message_of(problem)) from None
        expires = self.answerer.expires(self.principal)
        self._ends = expires if expires == math.inf else self._now() + expires - time.time()
        await self.socket.send(dialects.ACKNOWLEDGED)
        if self.dialect.keeps_alive:
            self._next_sign = self._now()

    async def _start(self, message: Message, group: asyncio.TaskGroup) -> None:
        if self.principal is None:
            raise Closed(dialects.UNAUTHORIZED, "Unauthorized")
        self._asked = True
        if not message.id:
            raise Closed(dialects.INVALID, "Invalid message received")
        if message.id in self.operations:
            if self.dialect is dialects.TRANSPORT:
                raise Closed(dialects.ALREADY_EXISTS, f"Subscriber for {message.id} already exists")
            self._stop(message.id)
        if len(self.operations) >= self.limits.socket_operations_max:
            many = invalid(f"more than {self.limits.socket_operations_max} operations at once on one socket", "$")
            await self._refuse(message.id, many)
            return
        asked = request_of(self.request, self.headers, bytes(message.payload))
        task = group.create_task(self._answer(message.id, asked, self.principal))
        self.operations[message.id] = task

    def _stop(self, operation: str | None) -> None:
        task = self.operations.pop(operation or "", None)
        if task is not None:
            task.cancel()

    async def _answer(self, operation: str, asked: Request, principal: Principal) -> None:
        try:
            async with aclosing(self.answerer.answers(asked, principal)) as answers:
                async for body in answers:
                    await self.socket.send(self.dialect.answer(operation, body))
        except Problem as problem:
            self._forget(operation)
            await self._refuse(operation, problem)
        else:
            self._forget(operation)
            await self.socket.send(dialects.complete(operation))

    async def _refuse(self, operation: str, problem: Problem) -> None:
        if problem.code == EXPIRES:
            raise Closed(dialects.FORBIDDEN, EXPIRED)
        if problem.where == NO_REQUEST and self.dialect is dialects.TRANSPORT:
            raise Closed(dialects.INVALID, message_of(problem))
        await self.socket.send(self.dialect.error(operation, body_of(problem)))
        if not self.dialect.lists_errors:
            await self.socket.send(dialects.complete(operation))

    def _forget(self, operation: str) -> None:
        """The client may use its name again; one that has done so already means the new one."""
        if self.operations.get(operation) is asyncio.current_task():
            del self.operations[operation]

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
