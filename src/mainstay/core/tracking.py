"""Which functions of the database are fields of an API, and of what kind: none is unless the team says so."""

from enum import Enum

import msgspec


class FieldKind(Enum):
    """Where a function is a field. One of a query can't change the database, whatever it does."""

    QUERY = "query"
    MUTATION = "mutation"


class Tracked(msgspec.Struct, frozen=True):
    """One function as a field; `name` None: the function's own; `kind` None: by whether it may change the database."""

    kind: FieldKind | None
    name: str | None = None
