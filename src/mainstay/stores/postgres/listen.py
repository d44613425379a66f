"""Hears `NOTIFY` on one channel, on a connection of its own, for as long as it is told to.

A notice that was sent while the connection was down is lost, so coming back counts as one.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from typing import Any

import asyncpg

CONNECT_S = 2.0
RETRY_S = (0.1, 0.5, 1.0, 2.0, 5.0)
SETTINGS = {"application_name": "mainstay listening"}
HEAR_S = 1.0
PROBE_S = 30.0  # a connection that a firewall forgot is silent: ask it now and then


class Listener:
    """Calls `heard` with each notice that is sent after `start` has returned.

    And with an empty one whenever some may have been missed.
    """

    def __init__(self, dsn: str, channel: str, heard: Callable[[str], None]) -> None:
        self._dsn = dsn
        self._channel = channel
        self._heard = heard
        self._task: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self.listening = False

    async def start(self) -> None:
        """Returns once it listens; where it can't yet, it goes on trying."""
        self._task = asyncio.create_task(self._listen())
        await self._tried.wait()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                connection = await asyncpg.connect(self._dsn, timeout=CONNECT_S, server_settings=SETTINGS)
            except Exception:  # whatever it is, it is tried again: without a listener nothing would be read anew
                self._tried.set()
                await asyncio.sleep(RETRY_S[min(failures, len(RETRY_S) - 1)])
                failures += 1
                continue
            with contextlib.suppress(Exception):
                await self._stay(connection, missed=failures > 0)
            failures = 1
            self._tried.set()
            await asyncio.sleep(RETRY_S[0])  # a standby takes connections, and no LISTEN

    async def _stay(self, connection: "asyncpg.Connection[Any]", *, missed: bool) -> None:
        """Until the connection breaks."""
        broken = asyncio.Event()
        connection.add_termination_listener(lambda _: broken.set())
        try:
            await connection.add_listener(self._channel, lambda *notice: self._heard(notice[-1]))
            if not await hears(connection):
                self._tried.set()
                await asyncio.sleep(PROBE_S)  # it may be another way to the database by then
                return
            self.listening = True
            if missed:
                self._heard("")
            self._tried.set()
            while not broken.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(broken.wait(), PROBE_S)
                if not broken.is_set():
                    await connection.fetchval("SELECT 1", timeout=CONNECT_S)
        finally:
            self.listening = False
            connection.terminate()


async def hears(connection: "asyncpg.Connection[Any]") -> bool:
    """Whether it hears what it says itself: where a pooler shares connections, LISTEN succeeds and does nothing."""
    channel, heard = f"mainstay_{secrets.token_hex(8)}", asyncio.Event()

    def hear(*_: Any) -> None:
        heard.set()

    await connection.add_listener(channel, hear)
    await connection.fetchval("SELECT pg_notify($1, '')", channel)
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(heard.wait(), HEAR_S)
    await connection.remove_listener(channel, hear)
    return heard.is_set()
