"""What a SQL store runs: text and the sources of its binds, as plain data, before any driver sees them."""

from enum import Enum
from typing import TypeAlias

import msgspec

from mainstay.core.condition import Claim, Literal, Slot
from mainstay.core.plan import Guard

Source: TypeAlias = Slot | Claim | Literal


class Bind(msgspec.Struct, frozen=True):
    """Where `$n` comes from. All binds travel as text and are cast in the statement.

    `constant`: it may not vary within a batch (LIKE and text search patterns must be constants to use an index, and
    OFFSET must be one), so requests group by its value.
    """

    source: Source
    constant: bool = False


class Mode(Enum):
    READ = "read"
    WRITE = "write"


class Column(Enum):
    """What each column of the statement's one row means, in `Statement.columns`."""

    BODY = "body"
    ROWS = "rows"
    TOTAL = "total"
    INSERTED = "inserted"
    KEY = "key"
    VIOLATIONS = "violations"


class Statement(msgspec.Struct, frozen=True, eq=False):
    """`text` answers one request with one row. `batch`, where the shape can be batched, answers many.

    The batched text takes one text array for each bind that varies, and gives a row for each request, in order. For a
    grouped insert it takes the payloads joined to one JSON array and answers all with one row.
    `estimate` is the text of the query whose planned row count is the total.
    """

    text: str
    binds: tuple[Bind, ...]
    columns: tuple[Column, ...]
    mode: Mode = Mode.READ
    batch: str | None = None
    estimate: str | None = None
    guard: Guard | None = None
