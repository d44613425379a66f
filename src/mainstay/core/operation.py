"""What is asked: a shape, and the values that go into it.

The shape is everything that changes the statement; two requests of one shape share a plan. Names in it are the
caller's words, resolved against the catalog by `plan`; nothing in it has been checked yet. Slots in the shape count
into `Operation.values`.
"""

from enum import Enum
from typing import TypeAlias

import msgspec

from mainstay.core.condition import TRUE, Aggregate, Aggregation, Condition, Field, Slot
from mainstay.core.precondition import Precondition


class Join(Enum):
    LEFT = "left"
    INNER = "inner"


class Count(Enum):
    """How the total is found: counted, the planner's estimate, or counted up to a bound and estimated past it."""

    NONE = "none"
    EXACT = "exact"
    PLANNED = "planned"
    ESTIMATED = "estimated"


class Format(Enum):
    """What the database makes of the rows."""

    ARRAY = "array"
    OBJECT = "object"  # exactly one row, as an object; else a problem
    FIRST = "first"  # the first row as an object, null where there is none
    CSV = "csv"
    NONE = "none"  # no body: HEAD, or return=minimal


class Nulls(Enum):
    DEFAULT = "default"  # PostgreSQL's: last when ascending, first when descending
    FIRST = "first"
    LAST = "last"


class Star(msgspec.Struct, frozen=True, cache_hash=True):
    """Every column that the caller may read."""


class Pick(msgspec.Struct, frozen=True, cache_hash=True):
    """One column in `select`. `field` None is a bare `count()`; `cast` applies to the aggregate's result.

    `where` is which rows the aggregate is of.
    """

    field: Field | None
    alias: str | None = None
    aggregate: Aggregate | None = None
    cast: str | None = None
    where: Condition = TRUE


class Constant(msgspec.Struct, frozen=True, cache_hash=True):
    """A member that is the same text in every object, such as GraphQL's `__typename`."""

    name: str
    value: str


class Tally(msgspec.Struct, frozen=True, cache_hash=True):
    """What a set of rows comes to in one number: `aggregate` of the fields; without fields, of the rows themselves.

    Only a count takes several fields, and counts then where all of them are there. In a select it is of each group.
    """

    name: str
    aggregate: Aggregate
    fields: tuple[Field, ...] = ()
    distinct: bool = False


class Part(msgspec.Struct, frozen=True, cache_hash=True):
    """Members of a summary as an object of their own."""

    name: str
    members: tuple["Member", ...] = ()


class Nodes(msgspec.Struct, frozen=True, cache_hash=True):
    """The rows themselves, as a member of their summary."""

    name: str
    select: tuple["Item", ...] = ()


class Cursor(msgspec.Struct, frozen=True, cache_hash=True):
    """Where a row of a page by key stands, as text: `mark` is of the order, as `core.cursor` has it."""

    name: str
    mark: str


class Edges(msgspec.Struct, frozen=True, cache_hash=True):
    """The rows of a page by key, each as an object: its cursor, and as `Nodes` the row itself."""

    name: str
    members: tuple[Cursor | Nodes | Constant, ...] = ()


class Bound(msgspec.Struct, frozen=True, cache_hash=True):
    """The cursor of the first row of a page by key, or of the `last`; null where there is none."""

    name: str
    mark: str
    last: bool = False


class More(msgspec.Struct, frozen=True, cache_hash=True):
    """Whether there are rows behind the page by key, in the direction in which it is read."""

    name: str


class Flag(msgspec.Struct, frozen=True, cache_hash=True):
    """A boolean that is known beforehand."""

    name: str
    value: bool


Member: TypeAlias = Tally | Part | Nodes | Constant | Edges | Bound | More | Flag


class Order(msgspec.Struct, frozen=True, cache_hash=True):
    """One sort key; `relation` is the to-one embed (by its name or alias) whose column it is."""

    field: Field | Aggregation
    descending: bool = False
    nulls: Nulls = Nulls.DEFAULT
    relation: str | None = None


class Embed(msgspec.Struct, frozen=True, cache_hash=True):
    """Related rows inside each row: `alias:target!hint!inner(select…)`; `...target(…)` spreads them."""

    target: str
    alias: str | None = None
    hint: str | None = None
    join: Join = Join.LEFT
    spread: bool = False
    select: tuple["Item", ...] = ()
    where: Condition = TRUE
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int = 0
    summary: tuple[Member, ...] | None = None
    """Of a to-many embed: what the rows come to, as one object, in the place of the rows; `select` is then empty."""
    having: Condition = TRUE
    distinct: tuple[Field, ...] = ()
    """Of rows that are alike in these columns there is the first, by the order."""
    arguments: tuple[tuple[str, Slot], ...] = ()
    """What the function that gives the rows is passed besides the row."""

    @property
    def name(self) -> str:
        """What the embed is called in filters, orders and the answer."""
        return self.alias or self.target


Item: TypeAlias = Star | Pick | Embed | Constant | Tally


class Placed(msgspec.Struct, frozen=True, cache_hash=True):
    """A member of an answer's object that is one of the row's, `source`."""

    name: str
    source: str


class Laid(msgspec.Struct, frozen=True, cache_hash=True):
    """Members of an answer's object as an object of their own."""

    name: str
    members: tuple["Laid | Placed | Constant", ...] = ()


class TableRef(msgspec.Struct, frozen=True, cache_hash=True):
    """The caller's name for a table; `schema` None is the catalog's first."""

    name: str
    schema: str | None = None


class Read(msgspec.Struct, frozen=True, cache_hash=True):
    """Rows of a table. `offset` is a Slot index into the values, or None. An empty select picks nothing.

    `accepts` are media types, the best first, that the database may write itself; where it writes none of them,
    `format` is what the rows become, None where no such answer is acceptable.
    `having` is which groups of rows, in its terms aggregates of them. `distinct` leaves the first row, by the order, of
    those that are alike in these columns; where empty, of those that are alike in all that is selected.
    `after` asks for a page by key: behind the row with these sort values, None for NULL; the first page where empty.
    """

    table: TableRef
    select: tuple[Item, ...] = (Star(),)
    where: Condition = TRUE
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None
    count: Count = Count.NONE
    format: Format | None = Format.ARRAY
    strip_nulls: bool = False
    accepts: tuple[str, ...] = ()
    after: tuple[Slot | None, ...] | None = None
    backward: bool = False
    """Of a page by key: the last rows before that row, which are still answered in the order that is asked for."""
    summary: tuple[Member, ...] | None = None
    """What the page's rows come to, as one object, in their place; `select` is then empty."""
    having: Condition = TRUE
    distinct: tuple[Field, ...] | None = None
    layout: tuple[Laid | Placed | Constant, ...] = ()
    """How each row's members are laid out; where it is empty, as they are selected."""
    resumable: bool = False
    """Of a page by key: where the next one begins is wanted also where this one is not full."""


class Together(msgspec.Struct, frozen=True, cache_hash=True):
    """Several reads of one snapshot, as the members of one object, in order; a text is a member as it is.

    A call among them is one that may not change the database.
    """

    members: tuple[tuple[str, "Read | Invoke | str"], ...]


class Affected(msgspec.Struct, frozen=True, cache_hash=True):
    """How many rows a write wrote, nested ones too, as a member of its answer."""

    name: str


class Returning(msgspec.Struct, frozen=True, cache_hash=True):
    """What a write answers with, at most `limit` rows. Format.NONE with `key`: only the row's primary key.

    `accepts` are media types that the database may write instead, best first; where `format` is None, it has to.
    Without `body` that is asked for and not answered.
    """

    select: tuple[Item, ...] = (Star(),)
    order: tuple[Order, ...] = ()
    limit: int | None = None
    format: Format | None = Format.ARRAY
    strip_nulls: bool = False
    key: bool = False
    accepts: tuple[str, ...] = ()
    body: bool = True
    summary: tuple[Nodes | Constant | Affected, ...] | None = None
    """One object in the place of the rows, which are then its `Nodes`; `select` is then empty."""


class Conflict(Enum):
    MERGE = "merge"
    IGNORE = "ignore"


class Flaw(Enum):
    """What is wrong with nested rows. Only who may write them is told."""

    KEYS = "keys"  # their objects' keys differ
    FORMS = "forms"  # here an object, there an array
    ROWS = "rows"  # with them the payload holds more rows than `insert_rows_max`


class NestedRows(msgspec.Struct, frozen=True, cache_hash=True):
    """Related rows inside each object of a payload, under a key that names the relation as an embed does.

    `columns` are the objects' keys at this level, all of them, in order of appearance; `children` describe those that
    may be relations themselves. `partial`: not every object has every key. `single`: the value is one object, not an
    array; None where all were null or empty. `conflict` and those after it are as an insert's.
    """

    target: str
    hint: str | None = None
    columns: tuple[str, ...] = ()
    children: tuple["NestedRows", ...] = ()
    single: bool | None = None
    partial: bool = False
    conflict: Conflict | None = None
    on_conflict: tuple[str, ...] = ()
    merge: tuple[str, ...] | None = None
    merge_where: Condition | None = None
    flaw: Flaw | None = None

    @property
    def key(self) -> str:
        """The member of the payload's objects."""
        return self.target if self.hint is None else f"{self.target}!{self.hint}"


class Insert(msgspec.Struct, frozen=True, cache_hash=True):
    """New rows from the JSON text in slot `payload`: an array of objects, or with `single` one object.

    `columns` are the payload's keys, in order of appearance; `children` describe those that may be relations rather
    than columns. With `defaults`, a key that an object lacks takes the column's default, else NULL. `conflict` makes
    it an upsert on `on_conflict` (the primary key where empty), which sets the columns `merge`, None for all that are
    given, of the row there. With a `merge_where`, rows there for which it or the role's rule does not hold stay as they
    are; without one, a row that may not be updated is a problem.
    """

    table: TableRef
    columns: tuple[str, ...]
    payload: int = 0
    single: bool = False
    defaults: bool = False
    conflict: Conflict | None = None
    on_conflict: tuple[str, ...] = ()
    merge: tuple[str, ...] | None = None
    merge_where: Condition | None = None
    returning: Returning = Returning(format=Format.NONE)
    count: Count = Count.NONE
    affected_max: int | None = None
    children: tuple[NestedRows, ...] = ()


class Put(msgspec.Struct, frozen=True, cache_hash=True):
    """One row, by its whole primary key: inserted, or put in the place of the one there. `where` holds the key."""

    table: TableRef
    columns: tuple[str, ...]
    where: Condition
    payload: int = 0
    returning: Returning = Returning(format=Format.NONE)
    count: Count = Count.NONE
    children: tuple[NestedRows, ...] = ()


class How(Enum):
    """What becomes of a column's value by another."""

    ADD = "add"
    APPEND = "append"  # of JSON, as the other four
    PREPEND = "prepend"
    DELETE_KEY = "delete key"
    DELETE_ELEMENT = "delete element"
    DELETE_PATH = "delete path"


class Alteration(msgspec.Struct, frozen=True, cache_hash=True):
    """A column's new value by its old one and what is in the slot."""

    column: str
    how: How
    value: Slot


class Update(msgspec.Struct, frozen=True, cache_hash=True):
    """`columns` of the rows where `where` holds, from the JSON object in slot `payload`.

    With `defaults`, a key that the object lacks sets the column to its default, else to NULL. With `children` it is of
    one row, and they are merged into what is related to it. `alterations` are of columns that are not in the payload.
    """

    table: TableRef
    columns: tuple[str, ...]
    where: Condition = TRUE
    payload: int = 0
    defaults: bool = False
    alterations: tuple[Alteration, ...] = ()
    returning: Returning = Returning(format=Format.NONE)
    count: Count = Count.NONE
    affected_max: int | None = None
    children: tuple[NestedRows, ...] = ()


class Delete(msgspec.Struct, frozen=True, cache_hash=True):
    table: TableRef
    where: Condition = TRUE
    returning: Returning = Returning(format=Format.NONE)
    count: Count = Count.NONE
    affected_max: int | None = None


Write: TypeAlias = Insert | Put | Update | Delete
Value: TypeAlias = str | tuple[str, ...] | None


class BodyKind(Enum):
    """What a body is, which says what an unnamed parameter must be of to take it whole."""

    JSON = "json"
    CSV = "csv"
    TEXT = "text"
    XML = "xml"
    BINARY = "binary"


class FunctionRef(msgspec.Struct, frozen=True, cache_hash=True):
    """The caller's name for a function; `schema` None is the catalog's first."""

    name: str
    schema: str | None = None


class Given(msgspec.Struct, frozen=True, cache_hash=True):
    """An argument by its name: `value` is the slot of its text, the last one where it came more than once; then `all`
    is the slot of all of them, which a variadic parameter takes."""

    name: str
    value: int
    all: int | None = None


class Body(msgspec.Struct, frozen=True, cache_hash=True):
    """Arguments in one text, in slot `value`: the members of a JSON object, or one unnamed parameter's whole value.

    `names` are the object's members, in the order of the alphabet. With `array` it stands in a JSON array; `named` is
    False where there is no such object, or more than one. Binary values travel as PostgreSQL's hexadecimal text.
    """

    kind: BodyKind
    value: int = 0
    names: tuple[str, ...] = ()
    array: bool = False
    named: bool = True


class Invoke(msgspec.Struct, frozen=True, cache_hash=True):
    """A call of a function, and a read of the rows that it returns.

    Arguments are `given` one by one, or in a `body`. `safe`: it may not change the database, whatever the function
    does (GET, HEAD). `accepts` are media types, the best first, that a function may write itself; where it writes
    none of them `format` is what its rows become, None where no such answer is acceptable.
    """

    function: FunctionRef
    given: tuple[Given, ...] = ()
    body: Body | None = None
    safe: bool = False
    select: tuple[Item, ...] = (Star(),)
    where: Condition = TRUE
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None
    count: Count = Count.NONE
    accepts: tuple[str, ...] = ()
    format: Format | None = Format.ARRAY
    strip_nulls: bool = False
    affected_max: int | None = None
    summary: tuple[Member, ...] | None = None
    """What the page's rows come to, as one object, in their place; `select` is then empty."""
    distinct: tuple[Field, ...] = ()
    """Of rows that are alike in these columns there is the first, by the order."""


Shape: TypeAlias = Read | Together | Write | Invoke


def schema_of(shape: Shape) -> str | None:
    """The schema that the shape names; None is the catalog's first."""
    match shape:
        case Invoke():
            return shape.function.schema
        case Together():
            return None
        case _:
            return shape.table.schema


class Ending(Enum):
    """How a write's transaction ends."""

    COMMIT = "commit"
    ROLLBACK = "rollback"  # Prefer: tx=rollback, where settings allow it


class Operation(msgspec.Struct, frozen=True):
    """A shape and its values. `explain` asks for the plan that the database makes instead of the answer.

    `explain_options` are EXPLAIN's own: analyze, verbose, settings, buffers, wal, format_text. `settings` are of the
    database, (name, value), in force while this operation runs: a time zone, or what code in the database may ask
    about the request. `precondition` is of the representation: a read's own, or what `addressed` gives with the same
    values before a write is done.
    """

    shape: Shape
    values: tuple[Value, ...] = ()
    ending: Ending = Ending.COMMIT
    explain: bool = False
    explain_options: frozenset[str] = frozenset()
    settings: tuple[tuple[str, str], ...] = ()
    precondition: Precondition | None = None
    addressed: Read | None = None
