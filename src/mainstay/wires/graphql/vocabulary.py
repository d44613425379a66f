"""The names that a role may say: root fields, and each table's columns and relations, as Hasura calls them.

Made of descriptions, which hold nothing that the role may not see: a name that is not here is answered as one that
does not exist, whatever the reason.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Generic

import msgspec

from mainstay.core.catalog import (
    OF_ROW,
    Argument,
    Column,
    ColumnType,
    Function,
    Kind,
    Passing,
    Relation,
    TableKey,
)
from mainstay.core.comparisons import plain_name
from mainstay.core.description import RelationDescription, Sight, TableDescription
from mainstay.core.exposure import Naming
from mainstay.core.limits import Limits
from mainstay.core.operation import FunctionRef, TableRef
from mainstay.core.rule import Action
from mainstay.core.tracking import FieldKind
from mainstay.wires.graphql.naming import HASURA, NAME, Names
from mainstay.wires.graphql.roots import AnyKind, Candidates, Index, K, RootKind, StreamKind, WriteKind

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


class RelationField(msgspec.Struct, frozen=True):
    """Related rows. `target` and `hint` are an embed's; `fixed` is a hint that means this relation and no embed."""

    target: str
    hint: str | None
    fixed: str
    key: TableKey
    to_one: bool
    passing: Passing = OF_ROW
    children: tuple[tuple[str, str], ...] = ()
    """Of rows that refer to the one which has them: the columns that tie them, (own, theirs)."""


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
    kinds: frozenset[AnyKind] = frozenset()
    """The root fields that it has."""
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
    """All of it for one role: each table from when it is first named. With `aggregates` off, no aggregate has one."""

    def __init__(self, sight: Sight, index: Index, *, aggregates: bool = True, limits: Limits | None = None) -> None:
        self.sight = sight
        self.index = index
        self.names = index.names
        self.aggregates = aggregates
        self.limits = limits
        """The role's; None: as everyone's."""
        self.types = Types(self)
        self.roots: Roots[RootKind] = Roots(self, index.reads)
        self.streams: Roots[StreamKind] = Roots(self, index.streams)
        """Of subscriptions alone."""
        self.writes: Roots[WriteKind] = Roots(self, index.writes)

    def apart(self) -> "Vocabulary":
        """The same for who looks at all of it: what it keeps goes with it."""
        return Vocabulary(self.sight, self.index, aggregates=self.aggregates, limits=self.limits)

    @cached_property
    def functions(self) -> dict[str, FunctionField]:
        """Those that are fields of queries."""
        fields: dict[str, FunctionField] = {}
        for name, field in self._called(FieldKind.QUERY):
            fields.setdefault(name, field)
            if field.many and self.aggregates and field.table.aggregates:
                fields.setdefault(self.names.field(f"{name}_aggregate"), msgspec.structs.replace(field, aggregate=True))
        return fields

    @cached_property
    def calls(self) -> dict[str, FunctionField]:
        """Those that are fields of mutations."""
        fields: dict[str, FunctionField] = {}
        for name, field in self._called(FieldKind.MUTATION):
            fields.setdefault(name, field)
        return fields

    @cached_property
    def mutable(self) -> bool:
        """Whether the role may change anything."""
        return bool(self.calls) or any(self.writes.of(key) for key in self.sight.tables() if self._may_write(key))

    @cached_property
    def readable(self) -> bool:
        """Whether the role may ask for anything."""
        return bool(self.functions) or any(self.roots.of(key) for key in self.sight.tables() if self._may_read(key))

    def _may_write(self, key: TableKey) -> bool:
        return not self.sight.actions(key) <= {Action.READ}

    def _may_read(self, key: TableKey) -> bool:
        return Action.READ in self.sight.actions(key)

    def named(self, type_name: str) -> TableType | None:
        """The table whose type is called so."""
        found = (self.types.get(key) for key in self.index.types.get(type_name, ()))
        return next((table for table in found if table is not None), None)

    def _called(self, kind: FieldKind) -> Iterator[tuple[str, FunctionField]]:
        """Functions that return rows of a table that the role reads. Of several of a name none is."""
        for key, tracked in self.index.exposure.functions.items():
            described = self.sight.function(key) if tracked.kind is kind else None
            if described is None or len(described.overloads) != 1:
                continue
            name = tracked.name or self.names.field(described.name)
            field = self._field(described.overloads[0], name)
            if field is not None and NAME.fullmatch(name):
                yield name, field

    def _field(self, function: Function, name: str) -> FunctionField | None:
        table = None if function.rows is None else self.types.get(function.rows)
        if table is None or not table.readable or not all(NAME.fullmatch(each.name) for each in function.arguments):
            return None
        arguments = {self.names.field(each.name): each for each in function.arguments}
        return FunctionField(name, FunctionRef(function.key.name, function.key.schema), arguments, table, function.many)

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


class Types:
    """The tables that the role has any use for, each kept once it was looked up."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._made: dict[TableKey, TableType | None] = {}

    def get(self, key: TableKey) -> TableType | None:
        if key not in self._made:
            self._made[key] = self._make(key)
        return self._made[key]

    def look(self, key: TableKey) -> TableType | None:
        """The same, and nothing is kept."""
        return self._made[key] if key in self._made else self._make(key)

    def _make(self, key: TableKey) -> TableType | None:
        vocabulary = self._vocabulary
        described = vocabulary.sight.table(key)
        return None if described is None else table_type(described, vocabulary.index, aggregates=vocabulary.aggregates)

    def __len__(self) -> int:
        """How many are kept."""
        return sum(each is not None for each in self._made.values())

    def keys(self) -> Iterable[TableKey]:
        return self._vocabulary.sight.tables()

    def values(self) -> Iterator[TableType]:
        return (table for table in map(self.get, self.keys()) if table is not None)


class Roots(Generic[K]):
    """Root fields by their names: what they do, and to which table."""

    def __init__(self, vocabulary: Vocabulary, candidates: Candidates[K]) -> None:
        self._vocabulary = vocabulary
        self._candidates: Mapping[str, list[tuple[K, TableKey]]] = candidates

    def get(self, name: str) -> tuple[K, TableType] | None:
        for kind, key in self._candidates.get(name, ()):
            table = self._vocabulary.types.get(key)
            if table is not None and kind in table.kinds:
                return kind, table
        return None

    def items(self) -> Iterator[tuple[str, tuple[K, TableType]]]:
        for name in self._candidates:
            if (found := self.get(name)) is not None:
                yield name, found

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def of(self, key: TableKey) -> bool:
        """Whether the table has any of them."""
        table = self._vocabulary.types.look(key)
        return table is not None and any(kind in table.kinds for kind in self._kinds)

    @cached_property
    def _kinds(self) -> frozenset[K]:
        return frozenset(kind for candidates in self._candidates.values() for kind, _ in candidates)


def table_type(described: TableDescription, index: Index, *, aggregates: bool) -> TableType | None:
    """The table as the role has it; None where GraphQL can't say its name."""
    table, naming = described.table, index.naming(described.table.key)
    name, names = index.name(table.key), index.names
    if not NAME.fullmatch(name):
        return None
    fields = _fields(table.columns, naming, names)
    shown = {field: column for field, column in fields.items() if column.name in described.readable}
    columns = {field: column for field, column in shown.items() if not column.passing.required}
    key = tuple(field for each in table.primary_key for field, column in columns.items() if column.name == each)
    key = key if len(key) == len(table.primary_key) else ()
    relations, nested, merged = _named(described, shown, names)
    created, updated, constraints = _written(described, fields)
    return TableType(
        name=names.type(name),
        ref=TableRef(table.name, None if table.key.schema == index.first else table.key.schema),
        columns=columns,
        relations=relations,
        primary_key=key,
        created=created,
        updated=updated,
        constraints=constraints,
        nested=nested,
        merged=merged,
        readable=bool(columns),
        comment=naming.comment or table.comment or f'columns and relationships of "{table.name}"',
        aggregates=described.aggregates,
        names=names,
        called={field: column for field, column in shown.items() if field not in columns},
        kinds=frozenset(_kinds(described, readable=bool(columns), keyed=bool(key), aggregates=aggregates)),
    )


def _kinds(described: TableDescription, *, readable: bool, keyed: bool, aggregates: bool) -> Iterator[AnyKind]:
    """Writes that answer with a row, or find it by its key, are only for who may read it."""
    actions = described.actions
    there: dict[AnyKind, bool] = {
        RootKind.ROWS: readable,
        RootKind.KEY: readable and keyed,
        RootKind.AGGREGATE: readable and aggregates and described.aggregates,
        RootKind.CONNECTION: readable and keyed,
        RootKind.GROUPS: readable and aggregates and described.aggregates,
        StreamKind.ROWS: readable and keyed,  # or nothing would tell rows apart that have one value
        WriteKind.INSERT: Action.CREATE in actions,
        WriteKind.INSERT_ONE: Action.CREATE in actions and readable,
        WriteKind.UPDATE: Action.UPDATE in actions,
        WriteKind.UPDATE_KEY: Action.UPDATE in actions and keyed,
        WriteKind.UPDATE_MANY: Action.UPDATE in actions,
        WriteKind.DELETE: Action.DELETE in actions,
        WriteKind.DELETE_KEY: Action.DELETE in actions and keyed,
    }
    return (kind for kind, wanted in there.items() if wanted)


def _fields(columns: Mapping[str, Column], naming: Naming, names: Names) -> dict[str, Column]:
    """The columns by what they are called; one without a name that GraphQL can say is left out."""
    named = ((naming.columns.get(name) or names.field(name), column) for name, column in columns.items())
    return {field: _chosen(_described(column, naming), names) for field, column in named if NAME.fullmatch(field)}


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
    relation = described.relation
    children = () if relation.outgoing else relation.pairs
    return RelationField(described.name, hint, fixed, described.target, described.to_one, relation.passing, children)


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


def _chosen(column: Column, names: Names) -> Column:
    """A column that refers to a table whose rows are an enum's values, as one of that enum."""
    if column.choices is None:
        return column
    choices = msgspec.structs.replace(column.choices, name=names.type(column.choices.name))
    return msgspec.structs.replace(column, type=choices.type, choices=choices)


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
    if type_.kind is Kind.CHOICE:
        return type_.name
    plain = type_.name.lower()
    return SCALARS.get(plain) or UNSAYABLE.sub("_", plain_name(type_))
