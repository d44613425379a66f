"""Tells of what commits change, as the database's triggers announce it; one connection that listens, and no more."""

from collections.abc import Collection

from mainstay.core.catalog import TableKey
from mainstay.core.change import Coverage, Heard
from mainstay.stores.postgres.announce import CHANNEL, read_notice
from mainstay.stores.postgres.listen import Listener
from mainstay.stores.postgres.store import PostgresStore


class PostgresFeed:
    """Implements `core.change.Feed`."""

    def __init__(self, dsn: str, store: PostgresStore) -> None:
        self._dsn = dsn
        self._store = store
        self._listener: Listener | None = None

    @property
    def listening(self) -> bool:
        return self._listener is not None and self._listener.listening

    async def start(self, heard: Heard) -> None:
        self._listener = Listener(self._dsn, CHANNEL, lambda payload: heard(read_notice(payload)))
        await self._listener.start()

    async def coverage(self, tables: Collection[TableKey]) -> Coverage:
        return await self._store.coverage(tables)

    async def stop(self) -> None:
        if self._listener is not None:
            await self._listener.stop()
