"""What exists: tables, columns, types and the relations between tables.

Made once by `reflect`, read by every room, changed by none. Names are the database's own: `Table.name` and
`Column.name` are what a URL says and what SQL quotes.
"""

from collections.abc import Mapping
from enum import Enum

import msgspec


class Kind(Enum):
    """The family of a column's type: what operators, JSON forms and comparisons it has."""

    BOOLEAN = "boolean"
    INTEGER = "integer"
    NUMERIC = "numeric"
    FLOAT = "float"
    TEXT = "text"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    INTERVAL = "interval"
    UUID = "uuid"
    JSON = "json"
    BINARY = "binary"
    ENUM = "enum"
    ARRAY = "array"
    RANGE = "range"
    VECTOR = "vector"
    TEXT_SEARCH = "text_search"
    OTHER = "other"


class ColumnType(msgspec.Struct, frozen=True, cache_hash=True):
    """A column's type. `name` is how the store spells it in a CAST, such as `NUMERIC` or `mood`.

    `declared` is how the model has it, such as `NUMERIC(10, 2)`: for documents, never for a cast, because an explicit
    cast to it would round or truncate without a word.
    """

    kind: Kind
    name: str
    element: "ColumnType | None" = None
    labels: tuple[str, ...] = ()
    declared: str = ""


class Column(msgspec.Struct, frozen=True):
    """One column. `optional`: an insert may leave it out. `generated`: no write may name it.

    `expression` is a hybrid's SQL over its table, `default` the SQL of what the database fills in; both are carried
    unopened, and only `sql` looks inside.
    """

    name: str
    type: ColumnType
    nullable: bool = True
    optional: bool = True
    generated: bool = False
    comment: str | None = None
    expression: object | None = None
    default: object | None = None


class TableKey(msgspec.Struct, frozen=True, cache_hash=True):
    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


class Junction(msgspec.Struct, frozen=True):
    """The table between the two ends of a many-to-many relation.

    `source_pairs` are (source column, junction column), `target_pairs` (target column, junction column).
    """

    table: TableKey
    source_pairs: tuple[tuple[str, str], ...]
    target_pairs: tuple[tuple[str, str], ...]
    source_constraint: str | None = None
    target_constraint: str | None = None


class Relation(msgspec.Struct, frozen=True):
    """A way from one table to another. `pairs` are (source column, target column); empty where a junction joins.

    `name` is the model's, or None where only a foreign key says that the relation is there.
    """

    name: str | None
    source: TableKey
    target: TableKey
    to_one: bool
    pairs: tuple[tuple[str, str], ...] = ()
    junction: Junction | None = None
    constraint: str | None = None
    """The foreign key constraint's name: what a `!hint` in a URL may say."""

    outgoing: bool = True
    """True where the foreign key is on the source's side (many-to-one), False where it is on the target's."""


class Table(msgspec.Struct, frozen=True):
    """A table or view. `columns` keeps the order of declaration."""

    key: TableKey
    columns: Mapping[str, Column]
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    relations: tuple[Relation, ...] = ()
    comment: str | None = None
    writable: bool = True

    @property
    def name(self) -> str:
        return self.key.name


class Catalog(msgspec.Struct, frozen=True):
    """Everything that exists. The first of `schemas` is the one that a request without a profile means."""

    tables: Mapping[TableKey, Table]
    schemas: tuple[str, ...] = ("public",)
    version: int = 1

    def find(self, schema: str, name: str) -> Table | None:
        return self.tables.get(TableKey(schema, name))
