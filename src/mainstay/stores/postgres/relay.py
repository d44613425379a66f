"""Passes on what our own commits changed, once they are done: many of them in one NOTIFY, on a connection of its own.

A commit that sends a NOTIFY itself holds the one lock that all of them take until it is on disk, so that no two are
written together. What only notifies writes nothing, and holds it for a moment.
"""

import asyncio
import contextlib
from collections.abc import Collection
from typing import Any

import asyncpg

from mainstay.stores.postgres.announce import CHANNEL, RELAYED

CONNECT_S = 2.0
RETRY_S = 0.5
PENDING_MAX = 5_000
"""Past it, it is told that anything may have changed."""
CLOSE_S = 1.0
SETTINGS = {"mainstay.relays": "on", "client_min_messages": "notice"}
"""What a connection has whose triggers tell it, rather than everybody, what they saw."""
SEND = "SELECT pg_notify($1, notice) FROM unnest($2::text[]) AS notice"


class Relay:
    """Connects when there is something to say for the first time."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._pending: dict[str, None] = {}
        self._task: asyncio.Task[None] | None = None
        self._connection: asyncpg.Connection[Any] | None = None

    def tell(self, notices: Collection[str]) -> None:
        """Returns at once; it is told as soon as can be, and again until it was."""
        if not notices:
            return
        self._pending.update(dict.fromkeys(notices))
        if len(self._pending) > PENDING_MAX:
            self._pending = {"": None}
        if self._task is None:
            self._task = asyncio.create_task(self._send())

    async def close(self) -> None:
        if self._task is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._task, CLOSE_S)
        if self._connection is not None:
            self._connection.terminate()

    async def _send(self) -> None:
        while self._pending:
            sent, self._pending = self._pending, {}
            try:
                await self._notify(list(sent))
            except Exception:  # whatever it is: who listens must be told
                self._pending = sent | self._pending
                if self._connection is not None:
                    self._connection.terminate()
                    self._connection = None
                await asyncio.sleep(RETRY_S)
        self._task = None

    async def _notify(self, notices: list[str]) -> None:
        if self._connection is None or self._connection.is_closed():
            settings = {"application_name": "mainstay live"}
            self._connection = await asyncpg.connect(self._dsn, timeout=CONNECT_S, server_settings=settings)
        await self._connection.execute(SEND, CHANNEL, notices, timeout=CONNECT_S)


class Told:
    """What one connection's triggers said of the transaction that is under way."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._notices: dict[str, None] = {}

    def listen(self, connection: "asyncpg.Connection[Any]") -> None:
        self._notices.clear()
        connection.add_log_listener(self._hear)

    def forget(self) -> None:
        self._notices.clear()

    def pass_on(self) -> None:
        """Also where nobody knows whether the commit was done: to be told too much does no harm."""
        if self._notices:
            self._relay.tell(list(self._notices))
            self._notices.clear()

    def _hear(self, _: Any, message: Any) -> None:
        if message.sqlstate == RELAYED:
            self._notices[message.message] = None
