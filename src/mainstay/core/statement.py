"""What a SQL store runs: text and the sources of its binds, as plain data, before any driver sees them."""

from enum import Enum, StrEnum
from typing import TypeAlias

import msgspec

from mainstay.core.catalog import Kind
from mainstay.core.condition import Claim, Literal, Slot
from mainstay.core.plan import Guard

Source: TypeAlias = Slot | Claim | Literal


class Member(msgspec.Struct, frozen=True):
    """A member of a payload's objects, and of what type its column was declared: `NUMERIC(10, 2)`."""

    name: str
    kind: Kind
    declared: str = ""


class Bind(msgspec.Struct, frozen=True):
    """Where `$n` comes from. It travels as text and is cast in the statement, or its store makes a `kind` of it.

    Of the latter, `type` is the type's name, `many` is a JSON array of texts, and `record` says which members of a
    payload are asked for: the store makes an array of each object, with their values and with which of them it has.

    `constant`: it may not vary within a batch (LIKE and text search patterns must be constants to use an index, and
    an OFFSET that is not one is planned as a tenth of the rows), so requests group by its value.
    """

    source: Source
    constant: bool = False
    kind: Kind | None = None
    many: bool = False
    record: tuple[Member, ...] | None = None
    type: str = ""


class Mode(Enum):
    READ = "read"
    WRITE = "write"


class Column(StrEnum):
    """What each column of the statement's one row means, in `Statement.columns`; the names are `Result`'s."""

    BODY = "body"
    ROWS = "rows"
    AFFECTED = "affected"
    TOTAL = "total"
    INSERTED = "inserted"
    KEY = "key"
    VIOLATIONS = "violations"
    STATUS = "status"
    HEADERS = "headers"
    CURSOR = "cursor"


class Batch(msgspec.Struct, frozen=True):
    """The text that answers many requests of one statement in one round trip.

    `$n` takes bind `positions[n - 1]` of the statement: a constant one as it is, a varying one as a text array with a
    value for each request. The answer is a row for each request, in order; with `joined`, the one varying bind is
    each request's JSON object, they travel as one JSON array, and one row answers all.
    """

    text: str
    positions: tuple[int, ...]
    joined: bool = False


class Step(msgspec.Struct, frozen=True):
    """A statement of a script. What its rows have in their one column is an array that others know as `gives`."""

    text: str
    gives: str | None = None


class Statement(msgspec.Struct, frozen=True, eq=False):
    """`text` answers one request with one row, whose columns are `columns`; `batch` answers many.

    `single`: exactly one row must come (a request for an object). `estimate` is a query whose planned number of rows
    is the total, where none was counted or the count reached `estimate_from`. `alone`: each request has a transaction
    of its own, because asking twice may give two answers, or leave something set. `settings` of the database must be in
    force before the transaction's first statement. `media` is the media type of the body, where it is not for the
    request alone to say.
    """

    text: str
    binds: tuple[Bind, ...]
    columns: tuple[Column, ...]
    mode: Mode = Mode.READ
    batch: Batch | None = None
    single: bool = False
    estimate: "Statement | None" = None
    estimate_from: int = 0
    guard: Guard = Guard()
    alone: bool = False
    settings: tuple[tuple[str, str], ...] = ()
    media: str | None = None
    calls: bool = False
    """A function of the database's is called, which may leave a role or a setting behind."""

    dialect: str = "PostgreSQL"
    """The database that it is written for; another's store refuses it."""

    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()
    """Where the store can't do it in one: what it runs in the same transaction, with the same binds."""

    constants: tuple[int, ...] = ()
    """The positions of the constant binds, by whose values requests group; made from `binds`."""

    def __post_init__(self) -> None:
        constants = tuple(position for position, bind in enumerate(self.binds) if bind.constant)
        msgspec.structs.force_setattr(self, "constants", constants)
