"""Who may do what, lowered: one rule per role, action and table.

A rule's conditions already hold `Present` guards for the claims that they name, so a missing claim grants nothing.
"""

from enum import Enum
from typing import TypeAlias

import msgspec

from mainstay.core.catalog import TableKey
from mainstay.core.condition import TRUE, Condition, Operand

Presets: TypeAlias = tuple[tuple[str, Operand], ...]
"""What is written, or passed, whatever the request says: names with a claim's slot or a constant."""


class Action(Enum):
    READ = "read"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


class Rule(msgspec.Struct, frozen=True):
    """`rows`: which rows (read, update, delete). `columns`: which of them are read or written.

    `presets`: columns that a write sets whatever the payload says. `check`: what must hold of each written row.
    `rows_max` bounds one read, and `aggregates` lets it count and sum. `unfiltered`: an update or delete may come
    without a filter.
    """

    action: Action
    table: TableKey
    columns: frozenset[str]
    rows: Condition = TRUE
    presets: tuple[tuple[str, Operand], ...] = ()
    check: Condition = TRUE
    rows_max: int | None = None
    unfiltered: bool = False
    aggregates: bool = True


class Reading(msgspec.Struct, frozen=True):
    """What a role sees of a table, all its read rules joined: a table of its own, in effect.

    `rows`: the rows, by OR. `masks`: each readable column, in the catalog's order, with the condition under which a
    row shows it (None: in every visible row). A column that is absent here does not exist for the role.
    """

    rows: Condition
    masks: dict[str, Condition | None]
    rows_max: int | None = None
    aggregates: bool = True
