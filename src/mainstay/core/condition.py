"""What must hold of a row: one tree that filters parse into and policies lower to.

A tree holds no request's values, only slots for them, so that it can be part of a plan's key and serve every user
of a role: a `Slot` is filled from the request, a `Claim` from the principal, a `Literal` was written by the team.
Three-valued as in SQL: a comparison with NULL holds for no row, and neither does its negation.
"""

from enum import Enum
from typing import TypeAlias

import msgspec

from mainstay.core.catalog import TableKey


class Operator(Enum):
    """The comparisons. Values are PostgREST's names, which the field knows."""

    EQ = "eq"
    NEQ = "neq"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    LIKE = "like"
    ILIKE = "ilike"
    MATCH = "match"
    IMATCH = "imatch"
    IN = "in"
    IS = "is"
    IS_DISTINCT = "isdistinct"
    FTS = "fts"
    PLFTS = "plfts"
    PHFTS = "phfts"
    WFTS = "wfts"
    CS = "cs"
    CD = "cd"
    OV = "ov"
    SL = "sl"
    SR = "sr"
    NXR = "nxr"
    NXL = "nxl"
    ADJ = "adj"
    SIMILAR = "similar"
    HAS_KEY = "haskey"  # of jsonb, as the next two
    HAS_ANY = "hasany"
    HAS_ALL = "hasall"
    LMATCH = "lmatch"  # of ltree: an lquery; CS and CD are its ancestors and descendants
    LTXTMATCH = "ltxtmatch"
    ST_CONTAINS = "st_contains"  # of geometry, as all that follow
    ST_CROSSES = "st_crosses"
    ST_EQUALS = "st_equals"
    ST_INTERSECTS = "st_intersects"
    ST_3DINTERSECTS = "st_3dintersects"
    ST_OVERLAPS = "st_overlaps"
    ST_TOUCHES = "st_touches"
    ST_WITHIN = "st_within"
    ST_DWITHIN = "st_dwithin"  # within a distance, as the next
    ST_3DDWITHIN = "st_3ddwithin"


SHAPED = frozenset(operator for operator in Operator if operator.value.startswith("st_"))
"""Those of PostGIS: functions, which some values make fail."""


class Quantifier(Enum):
    ANY = "any"
    ALL = "all"


class Truth(Enum):
    """What `is` compares with."""

    NULL = "null"
    NOT_NULL = "not_null"
    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


class Aggregate(Enum):
    COUNT = "count"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"
    STDDEV = "stddev"
    STDDEV_POP = "stddev_pop"
    STDDEV_SAMP = "stddev_samp"
    VAR_POP = "var_pop"
    VAR_SAMP = "var_samp"
    VARIANCE = "variance"
    BOOL_AND = "bool_and"
    BOOL_OR = "bool_or"
    ONLY = "only"  # the value in the one row that a to-one relation leads to


STATISTICS = frozenset(
    {
        Aggregate.STDDEV,
        Aggregate.STDDEV_POP,
        Aggregate.STDDEV_SAMP,
        Aggregate.VAR_POP,
        Aggregate.VAR_SAMP,
        Aggregate.VARIANCE,
    }
)
"""Those of numbers alone, which come to a number with a point."""


class Step(msgspec.Struct, frozen=True, cache_hash=True):
    """One arrow into a JSON value: `->key`, `->0`, or `->>key` (`text`) for the last one's text."""

    key: str | int
    text: bool = False


class Field(msgspec.Struct, frozen=True, cache_hash=True):
    """A column of the table in scope, perhaps a place inside its JSON, perhaps cast.

    `mask` is woven in by `plan`: where it does not hold of a row, the field reads as NULL. Wires leave it None.
    `arguments` are what the function that computes the column is passed besides the row.
    `outer`: of a condition on other rows, the field is of the row around it; 2 is of the one around that, and so on.
    """

    column: str
    path: tuple[Step, ...] = ()
    cast: str | None = None
    mask: "Condition | None" = None
    outer: int = 0
    arguments: tuple[tuple[str, "Slot"], ...] = ()


class Slot(msgspec.Struct, frozen=True, cache_hash=True):
    """The request's value number `index`: text as the request spelt it; with `many`, a tuple of texts."""

    index: int
    many: bool = False


class Claim(msgspec.Struct, frozen=True, cache_hash=True):
    """The principal's claim at `path`. A rule that names a claim which is missing or null grants nothing."""

    path: tuple[str, ...]
    many: bool = False


class Literal(msgspec.Struct, frozen=True, cache_hash=True):
    """A constant of a policy, as the text that the column's type reads; None is NULL; a tuple is a list."""

    value: str | tuple[str, ...] | None


class Call(msgspec.Struct, frozen=True, cache_hash=True):
    """A function that every store has: lower, upper, length, coalesce, now, current_date."""

    function: str
    arguments: tuple["Operand", ...] = ()


class Compare(msgspec.Struct, frozen=True, cache_hash=True):
    """`left operator right`. With a quantifier the right side is a list: any or all of it must compare.

    `config` is a text search's configuration (`fts(english)`). `distance` is what ST_DWITHIN goes by,
    on a `spheroid` or a sphere.
    """

    left: "Measured"
    operator: Operator
    right: "Operand"
    quantifier: Quantifier | None = None
    config: str | None = None
    distance: "Slot | Claim | Literal | None" = None
    spheroid: "Slot | Claim | Literal | None" = None


class Is(msgspec.Struct, frozen=True, cache_hash=True):
    left: "Measured"
    truth: Truth


class Not(msgspec.Struct, frozen=True, cache_hash=True):
    of: "Condition"


class And(msgspec.Struct, frozen=True, cache_hash=True):
    """All hold. And() of nothing is true: every row."""

    of: tuple["Condition", ...] = ()


class Or(msgspec.Struct, frozen=True, cache_hash=True):
    """One holds. Or() of nothing is false: no row."""

    of: tuple["Condition", ...] = ()


class Related(msgspec.Struct, frozen=True, cache_hash=True):
    """A related row exists for which `where` holds. `relation` is an index into the table's relations.

    `through` must hold of the junction's row, where a junction joins.
    """

    relation: int
    where: "Condition" = And()
    through: "Condition" = And()


class Through(msgspec.Struct, frozen=True, cache_hash=True):
    """`Related` as a caller says it: by the embed's or the relation's name, and a hint where several are called so.

    `plan` makes a `Related` of it, with the policy of the target woven in; nothing after it meets one.
    """

    name: str
    where: "Condition"
    hint: str | None = None


class Exists(msgspec.Struct, frozen=True, cache_hash=True):
    """There is a row of the table, related or not, for which `where` holds."""

    table: TableKey
    where: "Condition" = And()


class Aggregation(msgspec.Struct, frozen=True, cache_hash=True):
    """An aggregate of the rows for which `where` holds: those of a group, or with `of` those related to each row.

    `field` None counts rows. `of` is said by name by a caller, by index in a plan; there `guard` must hold of the row
    itself, or nothing is related to it. An ONLY may be of an aggregation in its turn. A count may be of `more` fields:
    of the rows where all of them are there.
    """

    function: Aggregate
    field: "Field | Aggregation | None" = None
    where: "Condition" = And()
    of: Through | Related | None = None
    guard: "Condition" = And()
    more: tuple[Field, ...] = ()
    distinct: bool = False


class Present(msgspec.Struct, frozen=True, cache_hash=True):
    """The claim is there and not null."""

    claim: Claim


Measured: TypeAlias = Field | Call | Aggregation
Operand: TypeAlias = Measured | Slot | Claim | Literal
Condition: TypeAlias = Compare | Is | Not | And | Or | Related | Through | Exists | Present

TRUE = And()
FALSE = Or()


def both(*conditions: Condition) -> Condition:
    """The conjunction, flattened, without what is always true."""
    kept: list[Condition] = []
    for condition in conditions:
        if isinstance(condition, And):
            kept.extend(condition.of)
        else:
            kept.append(condition)
    return kept[0] if len(kept) == 1 else And(tuple(kept))


def either(*conditions: Condition) -> Condition:
    """The disjunction, flattened; true as soon as one of them always is."""
    if TRUE in conditions:
        return TRUE
    kept: list[Condition] = []
    for condition in conditions:
        if isinstance(condition, Or):
            kept.extend(condition.of)
        else:
            kept.append(condition)
    return kept[0] if len(kept) == 1 else Or(tuple(kept))
