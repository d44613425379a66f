"""What a store found in a database that exists: plain rows, as its catalog has them, for `reflect` to make sense of.

Tables and types are told apart by their object identifiers, columns by their numbers. Nothing here is decided.
"""

from collections.abc import Mapping

import msgspec


class FoundTable(msgspec.Struct, frozen=True):
    """`kind` is PostgreSQL's relkind; `events` are the bits of `pg_relation_is_updatable`, triggers counted."""

    oid: int
    schema: str
    name: str
    kind: str
    partition: bool = False
    row_type: int = 0
    events: int = 0
    comment: str | None = None


class FoundColumn(msgspec.Struct, frozen=True):
    """`default` is its SQL, `sequence` that of an identity's next value; `identity` is '', 'a' (always) or 'd'."""

    table: int
    number: int
    name: str
    type: int
    declared: str
    not_null: bool = False
    default: str | None = None
    sequence: str | None = None
    identity: str = ""
    generated: bool = False
    comment: str | None = None


class FoundType(msgspec.Struct, frozen=True):
    """`spelling` is how a CAST says it, `form` PostgreSQL's typtype; `default` and `not_null` are a domain's."""

    oid: int
    schema: str
    name: str
    spelling: str
    form: str
    element: int = 0
    base: int = 0
    table: int = 0
    labels: tuple[str, ...] = ()
    not_null: bool = False
    default: str | None = None


class FoundKey(msgspec.Struct, frozen=True):
    """A constraint: `kind` is 'p' (primary key), 'u' (unique), 'f' (foreign key), or 'i' for a unique index alone.

    `inherited`: a partition has it of its parent.
    """

    name: str
    kind: str
    table: int
    columns: tuple[int, ...]
    target: int = 0
    target_columns: tuple[int, ...] = ()
    inherited: bool = False


class FoundView(msgspec.Struct, frozen=True):
    """`tree` is the view's rule as PostgreSQL stores it (pg_node_tree)."""

    table: int
    tree: str


class FoundFunction(msgspec.Struct, frozen=True):
    """`types`, `names` and `modes` (i, o, b, v, t) are of all its arguments, `defaults` how many inputs have one."""

    oid: int
    schema: str
    name: str
    kind: str
    returns: int
    types: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    modes: str = ""
    defaults: int = 0
    many: bool = False
    rows: float = 0
    volatility: str = "v"
    settings: tuple[str, ...] = ()
    comment: str | None = None


class FoundCast(msgspec.Struct, frozen=True):
    """An implicit cast between a domain and json or text (`form` is the other type's name), by a function."""

    domain: int
    form: str
    outward: bool
    schema: str
    name: str


class Found(msgspec.Struct, frozen=True):
    """Everything that was found, in an order that does not change from one look to the next.

    `extra_search_path` are schemas beside a table's own whose functions may compute its columns. `mentioned` are the
    settings (`request.…`, `response.…`, `app.…`) that anything in the database reads or writes, None where that can't
    be told. `role_settings` are those of the roles that the connected role may become.
    """

    tables: tuple[FoundTable, ...] = ()
    columns: tuple[FoundColumn, ...] = ()
    types: tuple[FoundType, ...] = ()
    keys: tuple[FoundKey, ...] = ()
    views: tuple[FoundView, ...] = ()
    functions: tuple[FoundFunction, ...] = ()
    casts: tuple[FoundCast, ...] = ()
    extra_search_path: tuple[str, ...] = ()
    time_zones: frozenset[str] = frozenset()
    mentioned: frozenset[str] | None = None
    role_settings: Mapping[str, tuple[tuple[str, str], ...]] = {}
