"""What will be done: an operation with every name resolved, the policy woven in and the limits set.

A plan holds no request's values and no principal, only slots for them; it is made once per shape and role. All that
a store needs to know about who asks is in its conditions.
"""

from typing import TypeAlias

import msgspec

from mainstay.core.catalog import Argument, Function, FunctionKey, Relation, Table
from mainstay.core.condition import TRUE, Aggregate, Aggregation, Claim, Condition, Field, Literal, Operand, Slot
from mainstay.core.operation import (
    Affected,
    Alteration,
    Bound,
    Conflict,
    Constant,
    Count,
    Cursor,
    Flag,
    Format,
    Join,
    Laid,
    More,
    Nulls,
    Placed,
    Tally,
)


class Output(msgspec.Struct, frozen=True):
    """One member of each row's object. `field` None counts rows, or is `constant` in each of them.

    `where` is which rows an aggregate is of.
    """

    name: str
    field: Field | None
    aggregate: Aggregate | None = None
    cast: str | None = None
    constant: str | None = None
    where: Condition = TRUE
    tally: Tally | None = None
    """What the aggregate is of, where that is more than a field."""


class Nested(msgspec.Struct, frozen=True):
    """Related rows as a member of each row's object; with `spread` their members instead.

    `guard` must hold of the outer row, or nothing is related: it is where a masked join column shows. `through` must
    hold of the junction's row, where a junction joins.
    `hidden`: joined for its filter alone, and not a member.
    """

    name: str
    relation: Relation
    target: Table
    select: "Select"
    join: Join = Join.LEFT
    spread: bool = False
    guard: Condition = TRUE
    through: Condition = TRUE
    hidden: bool = False
    arguments: tuple[tuple[str, Slot], ...] = ()


class Listed(msgspec.Struct, frozen=True):
    """The rows of a summary as one of its members."""

    name: str
    outputs: tuple["Output | Nested", ...]
    limit: int | None = None
    """How many of the rows are listed; all of them are summed up."""


class Held(msgspec.Struct, frozen=True):
    """Members of a summary as an object of their own."""

    name: str
    members: tuple["Summed", ...]


class Edged(msgspec.Struct, frozen=True):
    """The rows of a page by key, each as an object; `Listed` is the row itself."""

    name: str
    members: tuple["Cursor | Listed | Constant", ...]


Summed: TypeAlias = Tally | Held | Listed | Constant | Edged | Bound | More | Flag
"""A member of a summary, its fields resolved and masked."""


class Sort(msgspec.Struct, frozen=True):
    """One sort key; `through` is the to-one embed whose target `field` is of."""

    field: Field | Aggregation
    descending: bool = False
    nulls: Nulls = Nulls.DEFAULT
    through: Nested | None = None


class Select(msgspec.Struct, frozen=True):
    """Rows of one table as objects. `grouped`: outputs without an aggregate are what the others group by.

    `offset` is a slot's index at the root, `skip` a constant inside an embed. `keyed`: a page by key, whose last row's
    sort values are wanted where it is full, and with `resumable` where it is not; `after` holds of the rows on it and
    those behind. `backward`: its order is turned round, and in a summary turned back. With `summary` the rows come to
    one object, and there are no outputs but those that it lists. `having` holds of the groups. Of rows alike in
    `distinct`, with which the order begins, there is the first.
    """

    table: Table
    outputs: tuple[Output | Nested, ...]
    where: Condition = TRUE
    order: tuple[Sort, ...] = ()
    limit: int | None = None
    offset: int | None = None
    skip: int = 0
    grouped: bool = False
    keyed: bool = False
    backward: bool = False
    after: Condition = TRUE
    summary: tuple[Summed, ...] | None = None
    having: Condition = TRUE
    distinct: tuple[Field, ...] = ()
    resumable: bool = False


class Handling(msgspec.Struct, frozen=True):
    """Rows written by the database as a media type: by an aggregate of them, or `each` by a function, as features.

    `media` is the content type. `rows` is the table whose row type the aggregate takes; None: any.
    """

    media: str
    function: FunctionKey
    rows: Table | None = None
    each: bool = False


class ReadPlan(msgspec.Struct, frozen=True):
    """`counted_max`: an estimated count is exact up to so many rows."""

    select: Select
    count: Count = Count.NONE
    format: Format = Format.ARRAY
    strip_nulls: bool = False
    handling: Handling | None = None
    counted_max: int = 0
    layout: tuple[Laid | Placed | Constant, ...] = ()


class TogetherPlan(msgspec.Struct, frozen=True):
    """Several reads in one statement; a text is a member as it is."""

    members: tuple[tuple[str, "ReadPlan | InvokePlan | str"], ...]

    @property
    def called(self) -> tuple[Function, ...]:
        return tuple(member.function for _, member in self.members if isinstance(member, InvokePlan))


class Returned(msgspec.Struct, frozen=True):
    """The rows that a write wrote, as a member of its answer."""

    name: str
    select: Select


class Answer(msgspec.Struct, frozen=True):
    """What a write answers with, read from the rows that it wrote. `key`: the primary key's columns, for Location.

    With `summary` it is one object of those members.
    """

    select: Select | None = None
    format: Format = Format.NONE
    strip_nulls: bool = False
    key: tuple[str, ...] = ()
    handling: Handling | None = None
    summary: tuple[Returned | Constant | Affected, ...] | None = None

    @property
    def selects(self) -> tuple[Select, ...]:
        """All that is read of the rows written."""
        own = () if self.select is None else (self.select,)
        return (*own, *(member.select for member in self.summary or () if isinstance(member, Returned)))


class Guard(msgspec.Struct, frozen=True):
    """What must be true of a write before it is committed; else it is rolled back and answered with a problem.

    `claims`: the principal must have them before anything is sent, because presets write them. `checked`: no row may
    violate the policy. `keyed`: the payload must have the key that the request named. `alone`: exactly one row must
    have been written at the root. `nested` are the tables below it. A problem names the `table`, or the `function`.
    """

    claims: tuple[Claim, ...] = ()
    checked: bool = False
    affected_max: int | None = None
    single: bool = False
    keyed: bool = False
    table: str = ""
    alone: bool = False
    nested: tuple[str, ...] = ()
    function: str = ""


class InsertPlan(msgspec.Struct, frozen=True):
    """`columns` come from the payload, `presets` from the policy. `update` are the columns that a merge sets, in
    rows where `update_where` holds of the row there; `check` must hold of every row written.

    With `lenient` a row there that may not be updated stays as it is; otherwise it breaks the policy.
    """

    table: Table
    columns: tuple[str, ...]
    payload: int
    single: bool = False
    defaults: bool = False
    presets: tuple[tuple[str, Operand], ...] = ()
    conflict: Conflict | None = None
    target: tuple[str, ...] = ()
    update: tuple[str, ...] = ()
    update_presets: tuple[tuple[str, Operand], ...] = ()
    update_where: Condition = TRUE
    lenient: bool = False
    payload_where: Condition = TRUE
    check: Condition = TRUE
    answer: Answer = Answer()
    guard: Guard = Guard()


class UpdatePlan(msgspec.Struct, frozen=True):
    """`choices` pair which rows may be written with what must hold of them then; one of them must apply to a row."""

    table: Table
    columns: tuple[str, ...]
    payload: int
    where: Condition
    defaults: bool = False
    presets: tuple[tuple[str, Operand], ...] = ()
    choices: tuple[tuple[Condition, Condition], ...] = ()
    alterations: tuple[Alteration, ...] = ()
    answer: Answer = Answer()
    guard: Guard = Guard()


class DeletePlan(msgspec.Struct, frozen=True):
    table: Table
    where: Condition
    answer: Answer = Answer()
    guard: Guard = Guard()


class Passed(msgspec.Struct, frozen=True):
    """An argument of a call and where its value is; None: in the member of its name in the payload."""

    argument: Argument
    value: Slot | Claim | Literal | None = None


class InvokePlan(msgspec.Struct, frozen=True):
    """A call, and the `select` of what it returns; a scalar is a row of one column, named as the function.

    `payload` is the slot of a JSON object with arguments, in an array where `array` says so. With `media` the value
    is answered as it is, as that type. `writes`: it may change the database.
    """

    function: Function
    passed: tuple[Passed, ...]
    select: Select
    writes: bool
    payload: int | None = None
    array: bool = False
    count: Count = Count.NONE
    format: Format = Format.ARRAY
    strip_nulls: bool = False
    media: str | None = None
    handling: Handling | None = None
    guard: Guard = Guard()


class Change(msgspec.Struct, frozen=True):
    """What a PATCH may do to a related row that is there: set `columns` and `presets` where `rows` holds of it.

    It is known by the columns `match`; `check` must hold of it then. A change of nothing finds the row, and leaves it.
    """

    match: tuple[str, ...]
    columns: tuple[str, ...] = ()
    presets: tuple[tuple[str, Operand], ...] = ()
    rows: Condition = TRUE
    check: Condition = TRUE


class Level(msgspec.Struct, frozen=True):
    """The rows of one table within a nested write.

    `columns` come from the payload, `linked` from related rows of the same write, and `drawn` from the columns' own
    defaults: taken before the rows are written, because other rows name them. `needed` are all that others name.
    `defaults`: a column that an object lacks takes its default. `partial`: an object may lack a column; a change then
    leaves it as it is.
    `insert` and `change`: how rows are written, at least one of them; with both, a row that is there is changed.
    `tie`: the columns by which a written row is known again where its key is known only then; none, by its number.
    """

    table: Table
    columns: tuple[str, ...]
    linked: tuple[str, ...] = ()
    drawn: tuple[str, ...] = ()
    needed: tuple[str, ...] = ()
    defaults: bool = False
    partial: bool = False
    insert: InsertPlan | None = None
    change: Change | None = None
    tie: tuple[str, ...] = ()
    branches: tuple["Branch", ...] = ()


class Branch(msgspec.Struct, frozen=True):
    """Related rows inside each object of a level, at `key`: one object where the relation is to one, else an array.

    `through`: how the junction's rows are inserted, where a junction joins.
    """

    key: str
    relation: Relation
    level: Level
    through: InsertPlan | None = None


class NestedPlan(msgspec.Struct, frozen=True):
    """Rows with their related rows, in one statement: inserted, or below the one row that `update` is of."""

    level: Level
    payload: int
    single: bool = False
    update: UpdatePlan | None = None
    answer: Answer = Answer()
    guard: Guard = Guard()


Plan: TypeAlias = ReadPlan | TogetherPlan | InsertPlan | UpdatePlan | DeletePlan | InvokePlan | NestedPlan
