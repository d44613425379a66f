"""What the corridor asks of its ends: small protocols, each with a real fake in `testing`."""

from collections.abc import Sequence
from typing import Protocol

from mainstay.core.operation import Ending, Value
from mainstay.core.result import Result
from mainstay.core.statement import Statement


class Store(Protocol):
    """Runs statements. Raises `Problem` for what the database refuses, and for when it can't be had (`MS503`)."""

    async def execute(self, statement: Statement, binds: Sequence[Value], ending: Ending) -> Result:
        """One statement, its binds in order; reads of one statement may share a round trip with others."""
        ...

    async def explain(self, statement: Statement, binds: Sequence[Value], *, analyze: bool) -> Result:
        """PostgreSQL's plan of it, as JSON in `Result.body`."""
        ...

    async def ready(self) -> bool:
        """True when the database answers."""
        ...

    async def close(self) -> None: ...
