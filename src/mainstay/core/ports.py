"""What the corridor asks of its ends: small protocols, each with a real fake in `testing`."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from mainstay.core.environment import NONE, Environment, Isolation
from mainstay.core.operation import Ending
from mainstay.core.result import Result
from mainstay.core.statement import Statement

T = TypeVar("T")


class Transaction(Protocol):
    """What runs statements one after another, until the work that it was given to ends. One at a time."""

    async def execute(
        self, statement: Statement, binds: Sequence[str | None], environment: Environment = NONE
    ) -> Result:
        """As the store's, where every statement sees what those before it did. A Problem ends the transaction."""
        ...


class Store(Protocol):
    """Runs statements. Raises `Problem` for what the database refuses, and for when it can't be had (`MS503`)."""

    async def execute(
        self, statement: Statement, binds: Sequence[str | None], ending: Ending, environment: Environment = NONE
    ) -> Result:
        """One statement, its binds in order, under the environment and nothing left of another.

        Reads of one statement and equal environments may share a round trip.
        """
        ...

    async def execute_many(
        self, statement: Statement, many: Sequence[Sequence[str | None]], environment: Environment = NONE
    ) -> list[Result]:
        """A read for each of `many` binds, in one round trip and however many they are. They differ in what may vary.

        One that can't be answered fails them all. Of results that must be of one row that is for the caller to see.
        """
        ...

    async def transact(
        self,
        work: Callable[[Transaction], Awaitable[T]],
        *,
        ending: Ending = Ending.COMMIT,
        isolation: Isolation | None = None,
    ) -> T:
        """What the work gives, once all that it did is committed; where it raises, none of it was done.

        All of it together has the time of one statement; past it, the transaction is rolled back (`57014`).
        """
        ...

    async def estimate(self, statement: Statement, binds: Sequence[str | None], environment: Environment = NONE) -> int:
        """The number of rows that the planner expects of the statement."""
        ...

    async def explain(
        self,
        statement: Statement,
        binds: Sequence[str | None],
        options: frozenset[str],
        environment: Environment = NONE,
    ) -> Result:
        """The database's plan of it, as JSON or text in `Result.body`; a write's is never carried out."""
        ...

    async def ready(self) -> bool:
        """True when the database answers."""
        ...

    async def close(self) -> None: ...
