"""What exists: tables, columns, types and the relations between tables.

Made once by `reflect`, read by every room, changed by none. Names are the database's own: `Table.name` and
`Column.name` are what a URL says and what SQL quotes.
"""

from collections.abc import Iterable, Mapping
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
    CHOICE = "choice"  # a text that the rows of another table list: see Column.choices
    ARRAY = "array"
    RANGE = "range"
    VECTOR = "vector"
    TEXT_SEARCH = "text_search"
    COMPOSITE = "composite"
    VOID = "void"
    OTHER = "other"


class FunctionKey(msgspec.Struct, frozen=True, cache_hash=True):
    """The name of a function in the database; overloads share it."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


class Representation(msgspec.Struct, frozen=True, cache_hash=True):
    """The functions by which a domain is written and read in another form than its base type's, where it has them.

    They are the database's own casts: from the domain to json, and from json and text to the domain.
    """

    to_json: FunctionKey | None = None
    from_json: FunctionKey | None = None
    from_text: FunctionKey | None = None


class ColumnType(msgspec.Struct, frozen=True, cache_hash=True):
    """A column's type. `name` is how the store spells it in a CAST, such as `NUMERIC` or `mood`.

    `declared` is how the model has it, such as `NUMERIC(10, 2)`: for documents, never for a cast, because an explicit
    cast to it would round or truncate without a word. `members` are the fields of a composite type.
    """

    kind: Kind
    name: str
    element: "ColumnType | None" = None
    labels: tuple[str, ...] = ()
    declared: str = ""
    members: tuple[tuple[str, "ColumnType"], ...] = ()
    representation: Representation | None = None


class Argument(msgspec.Struct, frozen=True):
    """One input of a function. `name` is empty where it has none; `type` of a variadic one is the array's."""

    name: str
    type: ColumnType
    required: bool = True
    variadic: bool = False


class Passing(msgspec.Struct, frozen=True):
    """What a function of a row is passed. `row` names the argument that takes the row, None: it is the first by place.

    `session` names the one that takes all of the caller's claims, as JSON; `arguments` are what a request may pass.
    """

    row: str | None = None
    session: str | None = None
    arguments: tuple[Argument, ...] = ()

    @property
    def required(self) -> tuple[str, ...]:
        """What a request has to pass."""
        return tuple(argument.name for argument in self.arguments if argument.required)

    def takes(self, names: Iterable[str]) -> bool:
        """Whether it can be called with arguments of these names."""
        given = set(names)
        return given.issuperset(self.required) and given.issubset(argument.name for argument in self.arguments)


OF_ROW = Passing()
"""Of a function that takes the row alone."""


class Choices(msgspec.Struct, frozen=True):
    """The key values of a table's rows, as an enum of this name: (value, what is said of it)."""

    name: str
    values: tuple[tuple[str, str | None], ...]

    @property
    def type(self) -> ColumnType:
        """What a grammar with enums takes a column for that refers to these."""
        return ColumnType(Kind.CHOICE, self.name, labels=tuple(value for value, _ in self.values))


class Column(msgspec.Struct, frozen=True):
    """One column. `optional`: an insert may leave it out. `generated`: no write may name it.

    `expression` is a hybrid's SQL over its table, `default` the SQL of what the database fills in; both are carried
    unopened, and only `sql` looks inside. `function` computes the column of its row in the database.
    """

    name: str
    type: ColumnType
    nullable: bool = True
    optional: bool = True
    generated: bool = False
    comment: str | None = None
    expression: object | None = None
    default: object | None = None
    function: FunctionKey | None = None
    choices: Choices | None = None
    """Where it refers to a table whose rows are values of an enum."""
    passing: Passing = OF_ROW

    @property
    def computed(self) -> bool:
        """True where it is no column of the table itself: it is picked by name alone, and never written."""
        return self.expression is not None or self.function is not None


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

    `name` is the model's, or None where only a foreign key says that the relation is there. `function` gives the
    target's rows for a source row: a computed relationship, which has neither pairs nor a junction.
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

    function: FunctionKey | None = None
    passing: Passing = OF_ROW

    to_view: bool = False
    """True where the target is a view, which another's key or its column does not mean by name."""

    declared: bool = False
    """True where the team named it on its own: who reads rows of both ends may go it, whatever columns join them."""


class TableForm(Enum):
    """What a table is in the database."""

    TABLE = "table"
    PARTITIONED = "partitioned"
    FOREIGN = "foreign"
    VIEW = "view"
    MATERIALIZED = "materialized"
    ROWS = "rows"  # what a function returns: no table, and in no schema that a request can name


class Table(msgspec.Struct, frozen=True):
    """A table or view. `columns` keeps the order of declaration.

    `writable`: some write is possible; `insertable`, `updatable` and `deletable` say which, None as `writable` says.
    """

    key: TableKey
    columns: Mapping[str, Column]
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    constraints: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """The primary key and the unique ones by the names that the database has for them."""

    relations: tuple[Relation, ...] = ()
    comment: str | None = None
    writable: bool = True
    form: TableForm = TableForm.TABLE
    insertable: bool | None = None
    updatable: bool | None = None
    deletable: bool | None = None

    @property
    def name(self) -> str:
        return self.key.name


class Volatility(Enum):
    """Whether a function may change the database: only a volatile one may."""

    IMMUTABLE = "immutable"
    STABLE = "stable"
    VOLATILE = "volatile"


class Function(msgspec.Struct, frozen=True):
    """A function that a request may call.

    `returns` is the type of one value that it gives, and `many` whether it gives a set of them. Where the value is a
    row, `rows` is the key of a table in the catalog: the table or view whose row type it is, else one of form ROWS
    with the columns that the function itself declares. `settings` are those of the database that a call of it runs
    under (`ALTER FUNCTION … SET statement_timeout`), so far as they must be in place before the transaction's first
    statement. `media` is the media type that its value is of, where its return type is a domain that is called so,
    such as `text/html`, or `*/*`.
    """

    key: FunctionKey
    arguments: tuple[Argument, ...]
    returns: ColumnType
    many: bool = False
    rows: TableKey | None = None
    volatility: Volatility = Volatility.VOLATILE
    settings: tuple[tuple[str, str], ...] = ()
    comment: str | None = None
    media: str | None = None


class MediaHandler(msgspec.Struct, frozen=True):
    """An aggregate of the database that writes rows as a media type: `rows` are whose, None any table's.

    `media` is the type as the handler's own domain is called, such as `text/html`, or `*/*`.
    """

    media: str
    function: FunctionKey
    rows: TableKey | None = None


def rows_key(function: FunctionKey) -> TableKey:
    """The key of the ROWS table of a function that returns rows of its own; no profile can name its schema."""
    return TableKey(f"rows of {function.schema}", function.name)


ANY_MEDIA = "*/*"
GEOJSON = "application/geo+json"


class Catalog(msgspec.Struct, frozen=True):
    """Everything that exists. The first of `schemas` is the one that a request without a profile means.

    `mentioned` are the settings, such as `request.headers`, that anything in the database reads or writes; None where
    that is not known. `postgis` is the schema of PostGIS, where it is there.
    """

    tables: Mapping[TableKey, Table]
    schemas: tuple[str, ...] = ("public",)
    version: int = 1
    functions: Mapping[FunctionKey, tuple[Function, ...]] = {}
    handlers: tuple[MediaHandler, ...] = ()
    time_zones: frozenset[str] = frozenset()
    mentioned: frozenset[str] | None = None
    postgis: str | None = None
    apart: tuple[Relation, ...] = ()
    """By foreign keys to tables of another schema: no table's, unless the team names them."""

    @property
    def written(self) -> frozenset[str]:
        """The media types that the database itself writes."""
        media = {handler.media for handler in self.handlers}
        media |= {each.media for overloads in self.functions.values() for each in overloads if each.media}
        return frozenset(media | ({GEOJSON} if self.postgis else set()))

    @property
    def named(self) -> dict[TableKey, Table]:
        """The tables that a request can name: all but what functions return of their own."""
        return {key: table for key, table in self.tables.items() if table.form is not TableForm.ROWS}

    def find(self, schema: str, name: str) -> Table | None:
        return self.tables.get(TableKey(schema, name))
