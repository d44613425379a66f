"""The feed of a database that tells of nothing: who watches it has to ask."""

from collections.abc import Collection

from mainstay.core.catalog import TableKey
from mainstay.core.change import Coverage, Heard


class Silent:
    """Implements `core.change.Feed`."""

    listening = True

    async def start(self, heard: Heard) -> None: ...

    async def coverage(self, tables: Collection[TableKey]) -> Coverage:
        return Coverage()

    async def stop(self) -> None: ...
