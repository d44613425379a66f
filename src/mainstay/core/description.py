"""What one role may see and do, for documents that describe an API.

Made by `plan.describe` and rendered by wires. A description holds nothing that its role may not see: its tables are
the catalog's without hidden columns, keys and relations, so that a wire which prints all of it leaks nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from mainstay.core.catalog import Function, FunctionKey, Relation, Table, TableKey
from mainstay.core.limits import Limits
from mainstay.core.rule import Action


class RelationDescription(msgspec.Struct, frozen=True):
    """Related rows that a read may embed: `select` is how a client asks for them, `name` the member they become."""

    name: str
    select: str
    relation: Relation

    @property
    def target(self) -> TableKey:
        return self.relation.target

    @property
    def to_one(self) -> bool:
        return self.relation.to_one


class TableDescription(msgspec.Struct, frozen=True):
    """One table. All names are in the catalog's order.

    `table` has only columns that the role knows, and keys of only those. `actions` are those that can go well.
    """

    table: Table
    actions: frozenset[Action]
    readable: tuple[str, ...] = ()
    masked: frozenset[str] = frozenset()
    """Readable columns that some rows show as null."""
    creatable: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    """Creatable columns that no insert may leave out."""
    updatable: tuple[str, ...] = ()
    unfiltered: frozenset[Action] = frozenset()
    """Update and delete, where they may come without a filter."""
    conflicts: tuple[tuple[str, ...], ...] = ()
    """Keys that an upsert may name, the primary key first; where there is none, there are no upserts."""
    upsertable: bool = False
    """An upsert may merge into the rows that are there; otherwise it may only ignore them."""
    replaceable: bool = False
    """One row may be put by its primary key."""
    relations: tuple[RelationDescription, ...] = ()
    nested: tuple[RelationDescription, ...] = ()
    """Relations by which an insert may nest rows, read or not; `select` is then how a payload says it."""
    merged: tuple[RelationDescription, ...] = ()
    """The same for an update, whose nested rows may be there already."""
    rows_max: int = 0
    """Rows of one answer."""
    aggregates: bool = True
    """Rows may be counted and summed."""

    @property
    def deletable(self) -> bool:
        return Action.DELETE in self.actions


class FunctionDescription(msgspec.Struct, frozen=True):
    """A function that the role may call, with its overloads; `rows` are the tables of those that return their own."""

    name: str
    overloads: tuple[Function, ...]
    rows: Mapping[TableKey, Table] = {}


class Description(msgspec.Struct, frozen=True):
    """One schema as a role sees it. `schemas` are all those in which it sees a table or a function."""

    tables: tuple[TableDescription, ...]
    schema: str
    schemas: tuple[str, ...]
    limits: Limits = Limits()
    functions: tuple[FunctionDescription, ...] = ()


class Sight(Protocol):
    """What one role sees, one thing at a time: of a thousand tables only those are described that are asked for."""

    def tables(self) -> Iterable[TableKey]:
        """All tables that the role sees, in the catalog's order."""
        ...

    def actions(self, key: TableKey) -> frozenset[Action]:
        """Those of its description."""
        ...

    def table(self, key: TableKey) -> TableDescription | None: ...
    def function(self, key: FunctionKey) -> FunctionDescription | None: ...
