"""What a statement runs under in the database: a role, settings, and what is called before it.

In policy mode there is none of it: the statement holds all that matters. In database mode the caller's role and claims
reach the database this way, so that its own grants and row-level security decide.
"""

from enum import Enum

import msgspec


class Isolation(Enum):
    """A transaction's isolation, as SQL spells it."""

    READ_UNCOMMITTED = "read uncommitted"
    READ_COMMITTED = "read committed"
    REPEATABLE_READ = "repeatable read"
    SERIALIZABLE = "serializable"


class Environment(msgspec.Struct, frozen=True, cache_hash=True):
    """`role`: whom the database takes for the caller; None, the one that it was connected as.

    `settings` are (name, value), in order, in force for this statement alone; requests whose environments are equal
    may share a statement. With `transaction` they need one of their own, because what they set must be gone after it;
    `before` is the text of a statement without binds that runs first in it.
    """

    role: str | None = None
    settings: tuple[tuple[str, str], ...] = ()
    before: str | None = None
    isolation: Isolation | None = None
    transaction: bool = False


NONE = Environment()
