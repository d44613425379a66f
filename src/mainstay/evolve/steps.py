"""Models and a snapshot in, statements out: what has to be created so that the models' tables and columns are there.

SQLAlchemy writes every statement and knows the order (`MetaData.create_all` against a connection that only listens).
No step changes or drops anything that is there.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, MetaData, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.dialects.postgresql.named_types import CreateDomainType, CreateEnumType
from sqlalchemy.engine.mock import MockConnection
from sqlalchemy.schema import (
    AddConstraint,
    CreateColumn,
    CreateIndex,
    CreateSchema,
    CreateSequence,
    CreateTable,
    CreateView,
    SetColumnComment,
    SetTableComment,
)
from sqlalchemy.sql.ddl import ExecutableDDLElement

from mainstay.core.catalog import TableKey
from mainstay.core.problem import DeclarationError
from mainstay.evolve.snapshot import Snapshot, TableFound

DIALECT = asyncpg.dialect()  # type: ignore[no-untyped-call]  # the plain dialect would double every per cent sign

EXTENSION_OF_TYPE = {"vector": "vector", "halfvec": "vector", "sparsevec": "vector", "citext": "citext"}
EXTENSION_OF_TYPE |= {"hstore": "hstore", "ltree": "ltree"}


class Step(msgspec.Struct, frozen=True):
    """One statement, and what it does in words; empty where it is a part of the step before it."""

    text: str
    says: str = ""


def plan_steps(metadatas: Sequence[MetaData], snapshot: Snapshot, occupied: frozenset[TableKey]) -> list[Step]:
    """The steps, in the order in which they can run. `occupied` are the tables that hold rows.

    Raises `DeclarationError` for a column that can't be added.
    """
    steps = [*_schema_steps(metadatas, snapshot), *_extension_steps(metadatas, snapshot)]
    planned: set[TableKey] = set()
    for metadata in metadatas:
        steps += _type_steps(metadata, snapshot)
        steps += _table_steps(metadata, snapshot, planned)
    for table, found in existing_tables(metadatas, snapshot):
        steps += _column_steps(table, found, occupied=snapshot.key(table.schema, table.name) in occupied)
    # A foreign key may refer to a column that another table has just been given, so constraints come after all columns.
    for table, found in existing_tables(metadatas, snapshot):
        steps += _constraint_steps(table, found)
        steps += _index_steps(table, snapshot)
        steps += _comment_steps(table, found)
    return unique(steps)


def existing_tables(metadatas: Sequence[MetaData], snapshot: Snapshot) -> Iterator[tuple[Table, TableFound]]:
    """Each declared table that is there as a table, with what is there."""
    for metadata in metadatas:
        for table in metadata.tables.values():
            found = snapshot.tables.get(snapshot.key(table.schema, table.name))
            if found is not None and found.altered_by_us and not is_view(table):
                yield table, found


def required_without_default(column: Column[Any]) -> bool:
    """Whether rows that are there could not be given a value."""
    filled = column.server_default is not None or column.identity is not None or column.computed is not None
    return not column.nullable and not filled


def missing_columns(table: Table, found: TableFound) -> list[Column[Any]]:
    return [column for column in table.columns if column.name not in found.columns and not column.system]


def is_view(table: Table) -> bool:
    return bool(table.info.get("view")) or isinstance(table._creator_ddl, CreateView)


def type_text(column: Column[Any]) -> str:
    """The column's type as its DDL says it."""
    return column.type.compile(dialect=DIALECT)


def unique(steps: Sequence[Step]) -> list[Step]:
    """Without repetitions: two MetaData may declare the same type, index or schema."""
    return list(dict.fromkeys(steps))


def _schema_steps(metadatas: Sequence[MetaData], snapshot: Snapshot) -> list[Step]:
    wanted = {table.schema for metadata in metadatas for table in metadata.tables.values() if table.schema}
    return [_step(CreateSchema(name)) for name in sorted(wanted - snapshot.schemas)]


def _extension_steps(metadatas: Sequence[MetaData], snapshot: Snapshot) -> list[Step]:
    names = {
        type_text(column).split("(")[0].split("[")[0].strip().lower()
        for metadata in metadatas
        for table in metadata.tables.values()
        for column in table.columns
    }
    wanted = {EXTENSION_OF_TYPE[name] for name in names & EXTENSION_OF_TYPE.keys()}
    return [
        Step(f"CREATE EXTENSION IF NOT EXISTS {name}", f"created extension {name}")
        for name in sorted(wanted - snapshot.extensions)
    ]


def _type_steps(metadata: MetaData, snapshot: Snapshot) -> list[Step]:
    """Enums and domains, whether a missing table or a missing column wants them."""
    return [
        _step(element)
        for element in _ddl_of(metadata, [])
        if isinstance(element, CreateEnumType | CreateDomainType) and not _exists(element, snapshot)
    ]


def _table_steps(metadata: MetaData, snapshot: Snapshot, planned: set[TableKey]) -> list[Step]:
    """Missing tables with all that belongs to them, then missing views in the order of their declaration."""
    missing = []
    for table in metadata.tables.values():
        key = snapshot.key(table.schema, table.name)
        if key not in snapshot.tables and key not in planned and not table.info.get("view"):
            planned.add(key)
            missing.append(table)
    if not missing:
        return []
    elements = _ddl_of(metadata, [table for table in missing if not is_view(table)])
    for view in missing:
        if is_view(view):
            elements += [element for element in _ddl_of(metadata, [view]) if _target(element) is view]
    made_before = (CreateEnumType, CreateDomainType)
    parts = (CreateIndex, SetTableComment)
    return [
        Step(_text(element)) if isinstance(element, parts) else _step(element)
        for element in elements
        if not isinstance(element, made_before) and not _exists(element, snapshot)
    ]


def _ddl_of(metadata: MetaData, tables: list[Table]) -> list[Any]:
    """What `create_all` would send for `tables`: in the order of their foreign keys, cycles closed by ALTER TABLE."""
    elements: list[Any] = []
    listener = MockConnection(DIALECT, lambda element, *_: elements.append(element))
    metadata.create_all(listener, tables=tables, checkfirst=False)
    return elements


def _exists(element: Any, snapshot: Snapshot) -> bool:
    match element:
        case CreateEnumType() | CreateDomainType():
            return snapshot.key(element.element.schema, element.element.name) in snapshot.types
        case CreateSequence():
            return (element.element.schema or snapshot.schema, element.element.name) in snapshot.sequences
        case _:
            return False


def _target(element: Any) -> Any:
    """The table that a piece of DDL is about, or None."""
    match element:
        case CreateView() | CreateTable():
            return getattr(element, "table", element.element)
        case CreateIndex() | SetColumnComment():
            return element.element.table
        case SetTableComment():
            return element.element
        case _:
            return None


def _column_steps(table: Table, found: TableFound, *, occupied: bool) -> list[Step]:
    steps = []
    for column in missing_columns(table, found):
        if occupied and required_without_default(column):
            raise DeclarationError(
                "the column is NOT NULL and has no default, but the table has rows already",
                where=f"{table.fullname}.{column.name}",
                hint="Give it a server_default, or make it nullable.",
            )
        definition = CreateColumn(column).compile(dialect=DIALECT)
        name = DIALECT.identifier_preparer.format_table(table)
        says = f"added column {table.fullname}.{column.name} ({type_text(column)})"
        steps.append(Step(f"ALTER TABLE {name} ADD COLUMN {definition}", says))
        if column.comment is not None:
            steps.append(Step(_text(SetColumnComment(column))))
    return steps


def _constraint_steps(table: Table, found: TableFound) -> list[Step]:
    """Constraints on columns that have just been added; those between older columns are left alone."""
    added = {column.name for column in missing_columns(table, found)}
    kinds = (ForeignKeyConstraint, UniqueConstraint, CheckConstraint)
    steps = []
    for constraint in table.constraints:
        columns = {column.name for column in getattr(constraint, "columns", ())}
        inline = isinstance(constraint, CheckConstraint) and getattr(constraint, "_column_flag", False)
        if isinstance(constraint, kinds) and not inline and columns & added:
            steps.append(Step(_text(AddConstraint(constraint, isolate_from_table=False))))
    return sorted(steps, key=lambda step: "FOREIGN KEY" in step.text)  # a unique constraint may be what a key refers to


def _index_steps(table: Table, snapshot: Snapshot) -> list[Step]:
    schema = table.schema or snapshot.schema
    missing = [index for index in table.indexes if (schema, index_name(index)) not in snapshot.indexes]
    return [_step(CreateIndex(index)) for index in sorted(missing, key=index_name)]


def index_name(index: Index) -> str:
    """The name that PostgreSQL knows the index by: shortened as SQLAlchemy shortens it."""
    quoted = str(DIALECT.identifier_preparer.format_index(index))
    return quoted[1:-1].replace('""', '"') if quoted.startswith('"') else quoted


def _comment_steps(table: Table, found: TableFound) -> list[Step]:
    steps = []
    if table.comment is not None and found.comment is None:
        steps.append(_step(SetTableComment(table)))
    for column in table.columns:
        there = found.columns.get(column.name)
        if column.comment is not None and there is not None and there.comment is None:
            says = f"commented column {table.fullname}.{column.name}"
            steps.append(Step(_text(SetColumnComment(column)), says))
    return steps


def _step(element: Any) -> Step:
    return Step(_text(element), _in_words(element))


def _text(element: Any) -> str:
    compiled = element.compile(dialect=DIALECT, **_literal(element))
    # CREATE INDEX CONCURRENTLY can't run in a transaction, and in development there is nobody to wait for it.
    return str(compiled).strip().replace("INDEX CONCURRENTLY ", "INDEX ", 1)


def _literal(element: Any) -> dict[str, Any]:
    """A listener of the team's may send anything, an INSERT for instance; its values go into the text."""
    return {} if isinstance(element, ExecutableDDLElement) else {"compile_kwargs": {"literal_binds": True}}


def _in_words(element: Any) -> str:
    match element:
        case CreateSchema():
            return f"created schema {element.element}"
        case CreateEnumType() | CreateDomainType():
            return f"created type {element.element.name}"
        case CreateSequence():
            return f"created sequence {element.element.name}"
        case CreateView():
            return f"created view {element.table.fullname}"
        case CreateTable():
            return f"created table {element.element.fullname}"
        case CreateIndex():
            return f"created index {index_name(element.element)}"
        case SetTableComment():
            return f"commented table {element.element.fullname}"
        case _:
            return ""
