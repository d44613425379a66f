"""Reads a reflected database anew when a `NOTIFY` asks for it. Never drops a request, never serves half a catalog."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from mainstay.stores.postgres.listen import Listener

RETRY_S = (0.5, 1.0, 2.0, 5.0)

log = logging.getLogger("mainstay")


class Refresher:
    """Calls `load` for each notice on the channel; notices that come while it loads make for one more load."""

    def __init__(self, dsn: str, channel: str, load: Callable[[], Awaitable[object]]) -> None:
        self._load = load
        self._asked = asyncio.Event()
        self._listener = Listener(dsn, channel, lambda _: self._asked.set())
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self._listener.start()
        self._task = asyncio.create_task(self._refresh())

    async def stop(self) -> None:
        await self._listener.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _refresh(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            await self._load_anew()

    async def _load_anew(self) -> None:
        """Whatever goes wrong, what was served before is served on, and it is tried again."""
        for delay_s in RETRY_S:
            try:
                await self._load()
            except Exception:
                log.warning("the database could not be read anew; what was served before is served on", exc_info=True)
                await asyncio.sleep(delay_s)
            else:
                log.info("the database was read anew")
                return
