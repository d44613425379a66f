"""What the corridor asks of its ends: small protocols, each with a real fake in `testing`."""

from collections.abc import Sequence
from typing import Protocol

from mainstay.core.operation import Ending
from mainstay.core.result import Result
from mainstay.core.statement import Statement


class Store(Protocol):
    """Runs statements. Raises `Problem` for what the database refuses, and for when it can't be had (`MS503`)."""

    async def execute(self, statement: Statement, binds: Sequence[str | None], ending: Ending) -> Result:
        """One statement, its binds in order; reads of one statement may share a round trip with others."""
        ...

    async def estimate(self, statement: Statement, binds: Sequence[str | None]) -> int:
        """The number of rows that the planner expects of the statement."""
        ...

    async def explain(self, statement: Statement, binds: Sequence[str | None], options: frozenset[str]) -> Result:
        """The database's plan of it, as JSON or text in `Result.body`; a write's is never carried out."""
        ...

    async def ready(self) -> bool:
        """True when the database answers."""
        ...

    async def close(self) -> None: ...
