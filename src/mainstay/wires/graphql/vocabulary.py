"""The names that a role may say: root fields, and each table's columns and relations, as Hasura calls them.

Made of descriptions, which hold nothing that the role may not see: a name that is not here is answered as one that
does not exist, whatever the reason.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum

import msgspec

from mainstay.core.catalog import (
    OF_ROW,
    Argument,
    Column,
    ColumnType,
    Function,
    FunctionKey,
    Kind,
    Passing,
    Relation,
    TableKey,
)
from mainstay.core.comparisons import plain_name
from mainstay.core.description import Description, FunctionDescription, RelationDescription, TableDescription
from mainstay.core.exposure import PLAIN, Exposure, Naming
from mainstay.core.operation import FunctionRef, TableRef
from mainstay.core.rule import Action
from mainstay.core.tracking import FieldKind, Tracked
from mainstay.wires.graphql.naming import HASURA, Names

NAME = re.compile(r"(?!__)[_A-Za-z][_0-9A-Za-z]*")
"""A name that GraphQL can say (GraphQL, 2.1.9); those with two underscores in front are its own."""

SCALARS = {
    "integer": "Int",
    "smallint": "smallint",
    "text": "String",
    "varchar": "String",
    "character varying": "String",
    "boolean": "Boolean",
    "real": "float4",
    "float": "float8",
    "double precision": "float8",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "time with time zone": "timetz",
    "time without time zone": "time",
}
UNSAYABLE = re.compile(r"\W+|^(?=\d)")
SUMMABLE = frozenset({Kind.INTEGER, Kind.NUMERIC, Kind.FLOAT, Kind.INTERVAL})
COMPARABLE = SUMMABLE | {Kind.TEXT, Kind.DATE, Kind.TIME, Kind.TIMESTAMP, Kind.ENUM}


class RootKind(Enum):
    ROWS = "rows"
    KEY = "by_pk"
    AGGREGATE = "aggregate"


class WriteKind(Enum):
    INSERT = "insert"
    INSERT_ONE = "insert one"
    UPDATE = "update"
    UPDATE_KEY = "update by key"
    UPDATE_MANY = "update many"
    DELETE = "delete"
    DELETE_KEY = "delete by key"


class RelationField(msgspec.Struct, frozen=True):
    """Related rows. `target` and `hint` are an embed's; `fixed` is a hint that means this relation and no embed."""

    target: str
    hint: str | None
    fixed: str
    key: TableKey
    to_one: bool
    passing: Passing = OF_ROW


class TableType(msgspec.Struct, frozen=True):
    """One table as an object type. `columns` are those that may be read, `created` and `updated` those to be written.

    `constraints` are the keys that an upsert may name, of the columns that they are made of.
    """

    name: str
    ref: TableRef
    columns: dict[str, Column]
    relations: dict[str, RelationField]
    primary_key: tuple[str, ...]
    created: dict[str, Column] = {}
    updated: dict[str, Column] = {}
    constraints: dict[str, tuple[str, ...]] = {}
    nested: dict[str, RelationField] = {}
    """Relations by which inserts nest rows, read or not; `merged` by which updates do."""
    merged: dict[str, RelationField] = {}
    readable: bool = True
    comment: str | None = None
    aggregates: bool = True
    names: Names = HASURA
    called: dict[str, Column] = {}
    """Computed columns that can be selected and no more, for their functions have to be passed something."""

    def passings(self) -> Iterator[tuple[str, Passing]]:
        """The fields that functions of a row are behind, and what those may be passed."""
        for name, column in (self.columns | self.called).items():
            yield name, column.passing
        for name, relation in self.relations.items():
            yield name, relation.passing

    def type(self, suffix: str) -> str:
        """The name of one of the types that are made of the table: `bool_exp`, `aggregate_fields`."""
        return self.names.type(f"{self.name}_{suffix}")


class FunctionField(msgspec.Struct, frozen=True):
    """A function as a field: `table` is whose rows it returns, `many` or one. `aggregate`: what they come to."""

    name: str
    ref: FunctionRef
    arguments: dict[str, Argument]
    table: TableType
    many: bool
    aggregate: bool = False


class Vocabulary:
    """All of it for one role. With `aggregates` off, no aggregate has a name."""

    def __init__(
        self,
        descriptions: Iterable[Description],
        *,
        exposure: Exposure = PLAIN,
        aggregates: bool = True,
        names: Names = HASURA,
    ) -> None:
        self.aggregates = aggregates
        self.names = names
        self.types: dict[TableKey, TableType] = {}
        self.roots: dict[str, tuple[RootKind, TableType]] = {}
        self.streams: dict[str, TableType] = {}
        """Of subscriptions alone."""
        self.writes: dict[str, tuple[WriteKind, TableType]] = {}
        self.functions: dict[str, FunctionField] = {}
        self.calls: dict[str, FunctionField] = {}
        descriptions = list(descriptions)
        for index, description in enumerate(descriptions):
            for table in description.tables:
                if table.actions:
                    prefix = "" if index == 0 else f"{description.schema}_"
                    self._add(table, prefix, exposure.names.get(table.table.key, Naming()))
        for description in descriptions:
            for called in description.functions:
                tracked = exposure.functions.get(FunctionKey(description.schema, called.name))
                if tracked is not None:
                    self._add_function(called, tracked)

    def _add_function(self, described: FunctionDescription, tracked: Tracked) -> None:
        """One that returns rows of a table that the role reads. Of several of a name none is: a field has one form."""
        if len(described.overloads) != 1:
            return
        [function] = described.overloads
        name = tracked.name or self.names.field(described.name)
        field = self._field(function, name)
        if field is None or not NAME.fullmatch(name):
            return
        fields = self.functions if tracked.kind is FieldKind.QUERY else self.calls
        fields.setdefault(name, field)
        if tracked.kind is FieldKind.QUERY and field.many and self.aggregates and field.table.aggregates:
            fields.setdefault(self.names.field(f"{name}_aggregate"), msgspec.structs.replace(field, aggregate=True))

    def _field(self, function: Function, name: str) -> FunctionField | None:
        table = None if function.rows is None else self.types.get(function.rows)
        if table is None or not table.readable or not all(NAME.fullmatch(each.name) for each in function.arguments):
            return None
        arguments = {self.names.field(each.name): each for each in function.arguments}
        return FunctionField(name, FunctionRef(function.key.name, function.key.schema), arguments, table, function.many)

    def _add(self, described: TableDescription, prefix: str, naming: Naming) -> None:
        table, readable = described.table, set(described.readable)
        name = naming.name or f"{prefix}{table.name}"
        if not NAME.fullmatch(name):
            return
        fields = _fields(table.columns, naming, self.names)
        shown = {field: column for field, column in fields.items() if column.name in readable}
        columns = {field: column for field, column in shown.items() if not column.passing.required}
        key = tuple(field for each in table.primary_key for field, column in columns.items() if column.name == each)
        key = key if len(key) == len(table.primary_key) else ()
        ref = TableRef(table.name, table.key.schema if prefix else None)
        relations, nested, merged = _named(described, shown, self.names)
        written = _written(described, fields)
        found = self.types[table.key] = TableType(
            self.names.type(name),
            ref,
            columns,
            relations,
            key,
            *written,
            nested,
            merged,
            bool(readable),
            naming.comment or table.comment or f'columns and relationships of "{table.name}"',
            described.aggregates,
            self.names,
            {field: column for field, column in shown.items() if field not in columns},
        )
        self._add_writes(name, found, described, naming)
        if not readable:
            return
        for kind, said, form, there in (
            (RootKind.ROWS, "select", "{}", True),
            (RootKind.KEY, "select_by_pk", "{}_by_pk", bool(key)),
            (RootKind.AGGREGATE, "select_aggregate", "{}_aggregate", self.aggregates and described.aggregates),
        ):
            if there:
                self.roots.setdefault(naming.roots.get(said) or self.names.field(form.format(name)), (kind, found))
        if key:  # or nothing would tell rows apart that have one value
            self.streams.setdefault(naming.roots.get("select_stream") or self.names.field(f"{name}_stream"), found)

    def _add_writes(self, name: str, table: TableType, described: TableDescription, naming: Naming) -> None:
        """Those that answer with a row, or find it by its key, only for who may read it."""
        kinds: list[tuple[str, WriteKind, bool]] = []
        if Action.CREATE in described.actions:
            kinds += [("insert_{}", WriteKind.INSERT, True), ("insert_{}_one", WriteKind.INSERT_ONE, table.readable)]
        if Action.UPDATE in described.actions:
            kinds += [
                ("update_{}", WriteKind.UPDATE, True),
                ("update_{}_by_pk", WriteKind.UPDATE_KEY, bool(table.primary_key)),
                ("update_{}_many", WriteKind.UPDATE_MANY, True),
            ]
        if Action.DELETE in described.actions:
            kinds += [
                ("delete_{}", WriteKind.DELETE, True),
                ("delete_{}_by_pk", WriteKind.DELETE_KEY, bool(table.primary_key)),
            ]
        for form, kind, there in kinds:
            if there:
                said = form.replace("_{}", "")
                self.writes.setdefault(naming.roots.get(said) or self.names.field(form.format(name)), (kind, table))

    def relation(self, table: TableType, name: str, *, passed: bool = False) -> tuple[RelationField, TableType] | None:
        """The relation of that name, and the type that it leads to. `passed`: it can be passed arguments."""
        relation = table.relations.get(name)
        target = None if relation is None else self.types.get(relation.key)
        if relation is None or target is None or (relation.passing.required and not passed):
            return None
        return relation, target

    def aggregated(
        self, table: TableType, name: str, *, passed: bool = False
    ) -> tuple[RelationField, TableType] | None:
        """The to-many relation of which `name`, with `_aggregate` behind it, is the aggregate."""
        base = self.names.aggregate_of(name) if self.aggregates else None
        found = None if base is None else self.relation(table, base, passed=passed)
        return None if found is None or found[0].to_one or not found[1].aggregates else found


def _fields(columns: Mapping[str, Column], naming: Naming, names: Names) -> dict[str, Column]:
    """The columns by what they are called; one without a name that GraphQL can say is left out."""
    named = ((naming.columns.get(name) or names.field(name), column) for name, column in columns.items())
    return {field: _described(column, naming) for field, column in named if NAME.fullmatch(field)}


def _described(column: Column, naming: Naming) -> Column:
    comment = naming.comments.get(column.name)
    return column if comment is None else msgspec.structs.replace(column, comment=comment)


def _written(
    described: TableDescription, fields: dict[str, Column]
) -> tuple[dict[str, Column], dict[str, Column], dict[str, tuple[str, ...]]]:
    """What an insert and an update may name, and the keys by which an insert may find a row that is there."""
    created = {field: column for field, column in fields.items() if column.name in described.creatable}
    updated = {field: column for field, column in fields.items() if column.name in described.updatable}
    keys = {name: key for name, key in described.table.constraints if key in described.conflicts or not created}
    return created, updated, {name: key for name, key in keys.items() if NAME.fullmatch(name)}


def _named(
    described: TableDescription, columns: dict[str, Column], naming: Names
) -> tuple[dict[str, RelationField], dict[str, RelationField], dict[str, RelationField]]:
    """The relations that are read, nested and merged, each under one name in all of them: reads choose first."""
    kinds = [
        {each.relation: each for each in kind} for kind in (described.relations, described.nested, described.merged)
    ]
    first: dict[Relation, RelationDescription] = {}
    for kind in kinds:
        first |= {relation: each for relation, each in kind.items() if relation not in first}
    names = list(_relations(first.values(), columns, naming))
    read, nested, merged = (
        {name: _field(kind[relation], fixed) for name, relation, fixed in names if relation in kind} for kind in kinds
    )
    return read, nested, merged


def _field(described: RelationDescription, fixed: str) -> RelationField:
    hint = described.select[len(described.name) + 1 :] or None
    return RelationField(described.name, hint, fixed, described.target, described.to_one, described.relation.passing)


def _relations(
    described: Iterable[RelationDescription], columns: dict[str, Column], naming: Names
) -> Iterator[tuple[str, Relation, str]]:
    """(name, relation, the hint that means it and no embed)"""
    taken = set(columns)
    for each in described:
        relation = each.relation
        fixed = relation.name or relation.constraint or each.select[len(each.name) + 1 :] or None
        if fixed is None and relation.junction is not None:
            fixed = relation.junction.table.name
        if fixed is None and relation.pairs:
            fixed = relation.pairs[0][0 if relation.outgoing else 1]
        names = map(naming.field, (each.name, f"{relation.target.name}_by_{fixed}"))
        name = next((name for name in names if name not in taken and NAME.fullmatch(name)), None)
        if name is not None and fixed is not None:
            taken.add(name)
            yield name, relation, fixed


def item_name(type_: ColumnType) -> str:
    """What the type is called, or that of an array's items, however deep."""
    return item_name(type_.element) if type_.kind is Kind.ARRAY and type_.element is not None else scalar_name(type_)


def comparison_name(type_: ColumnType) -> str:
    """The input type of comparisons with values of the type."""
    form = "_array" if type_.kind is Kind.ARRAY else ""
    return f"{item_name(type_)}{form}_comparison_exp"


def scalar_name(type_: ColumnType) -> str:
    """What Hasura calls the type."""
    if type_.kind is Kind.ARRAY and type_.element is not None:
        return f"[{item_name(type_)}]"
    plain = type_.name.lower()
    return SCALARS.get(plain) or UNSAYABLE.sub("_", plain_name(type_))
