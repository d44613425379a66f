"""For development: create what the models declare and the database lacks, and say where the two differ.

All of it happens in one transaction or not at all. It never drops, renames or changes what is there, and it is no
migration tool: production runs reviewed migrations.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Enum, ForeignKeyConstraint, MetaData, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.exc import SQLAlchemyError

from mainstay.core.catalog import TableKey
from mainstay.core.problem import DeclarationError
from mainstay.evolve.snapshot import Connection, Snapshot, TableFound, canonical_types, take
from mainstay.evolve.steps import (
    DIALECT,
    existing_tables,
    missing_columns,
    plan_steps,
    required_without_default,
    type_text,
)

LOCK = "SELECT pg_advisory_xact_lock(7310579921460148325)"  # any number, as long as every Mainstay takes the same


async def create_missing(connection: Connection, metadatas: Sequence[MetaData]) -> list[str]:
    """Create missing schemas, extensions, types, tables, columns, constraints, indexes, comments and views.

    Returns what was done, in words, in order; nothing where nothing was missing. Raises `DeclarationError` where a
    column can't be added or PostgreSQL refuses a statement; then nothing was done.
    """
    async with connection.transaction():
        await connection.execute(LOCK)  # two processes that start together must not create the same table
        snapshot = await take(connection, _schemas(metadatas))
        occupied = await _occupied(connection, metadatas, snapshot)
        try:
            steps = plan_steps(metadatas, snapshot, occupied)
        except SQLAlchemyError as error:
            raise DeclarationError(
                str(error).splitlines()[0], where="models", hint="SQLAlchemy can't write the tables' SQL."
            ) from error
        for step in steps:
            await _run(connection, step.text)
    return [step.says for step in steps if step.says]


async def differences(connection: Connection, metadatas: Sequence[MetaData]) -> list[str]:
    """Where the database has something else than the models say: a line each, for a person. Changes nothing."""
    snapshot = await take(connection, _schemas(metadatas))
    tables = list(existing_tables(metadatas, snapshot))
    declared = {type_text(column) for table, _ in tables for column in table.columns}
    canonical = await canonical_types(connection, sorted(declared))
    lines = [*_missing_views(metadatas, snapshot), *_label_lines(metadatas, snapshot)]
    for table, found in tables:
        lines += _column_lines(table, found, canonical)
        lines += _constraint_lines(table, found, snapshot)
    return list(dict.fromkeys(lines))


def _schemas(metadatas: Sequence[MetaData]) -> list[str | None]:
    declared: set[str | None] = {table.schema for metadata in metadatas for table in metadata.tables.values()}
    return [None, *declared]


async def _occupied(connection: Connection, metadatas: Sequence[MetaData], snapshot: Snapshot) -> frozenset[TableKey]:
    """The tables that hold rows, among those that a column is to be added to which rows could not do without."""
    occupied = set()
    for table, found in existing_tables(metadatas, snapshot):
        if any(required_without_default(column) for column in missing_columns(table, found)):
            name = DIALECT.identifier_preparer.format_table(table)
            if (await connection.fetch(f"SELECT EXISTS (SELECT FROM {name})"))[0][0]:  # noqa: S608
                occupied.add(snapshot.key(table.schema, table.name))
    return frozenset(occupied)


async def _run(connection: Connection, text: str) -> None:
    try:
        await connection.execute(text)
    except Exception as error:
        if getattr(error, "sqlstate", None) is None:  # not PostgreSQL's answer
            raise
        statement = " ".join(text.split())
        raise DeclarationError(
            f"PostgreSQL refuses: {error}", where=statement[:200], hint="Nothing was created. Correct the model."
        ) from error


def _missing_views(metadatas: Sequence[MetaData], snapshot: Snapshot) -> Iterator[str]:
    for metadata in metadatas:
        for table in metadata.tables.values():
            if table.info.get("view") and snapshot.key(table.schema, table.name) not in snapshot.tables:
                yield f"{table.fullname}: a view that is not there; create it yourself, or declare it with CreateView"


def _label_lines(metadatas: Sequence[MetaData], snapshot: Snapshot) -> Iterator[str]:
    for metadata in metadatas:
        for table in metadata.tables.values():
            for column in table.columns:
                kind = getattr(column.type, "item_type", column.type)
                if isinstance(kind, Enum) and kind.native_enum and kind.name:
                    found = snapshot.types.get(snapshot.key(kind.schema, kind.name))
                    missing = [label for label in kind.enums if found is not None and label not in found]
                    if missing:
                        yield f"type {kind.name}: the database lacks {', '.join(map(repr, missing))}"


def _column_lines(table: Table, found: TableFound, canonical: dict[str, str | None]) -> Iterator[str]:
    for column in table.columns:
        there = found.columns.get(column.name)
        if there is None:
            continue
        where = f"{table.fullname}.{column.name}"
        declared = canonical.get(type_text(column)) or type_text(column)
        if _bare(declared, there.type) != there.type:
            yield f"{where}: {declared} in the model, {there.type} in the database"
        if column.nullable is there.required:
            words = ("nullable", "NOT NULL") if column.nullable else ("NOT NULL", "nullable")
            yield f"{where}: {words[0]} in the model, {words[1]} in the database"


def _bare(declared: str, there: str) -> str:
    """`there`, where the two differ only in that the model leaves a length or precision open."""
    return there if "(" not in declared and there.partition("(")[0] == declared else declared


def _constraint_lines(table: Table, found: TableFound, snapshot: Snapshot) -> Iterator[str]:
    for constraint in sorted(table.constraints, key=_columns_of):
        columns = _columns_of(constraint)
        if not set(columns) <= found.columns.keys():
            continue
        listed = ", ".join(columns)
        match constraint:
            case ForeignKeyConstraint():
                pairs = frozenset((element.parent.name, element.column.name) for element in constraint.elements)
                target = constraint.referred_table
                if (pairs, snapshot.key(target.schema, target.name)) not in found.foreign_keys:
                    yield f"{table.fullname}: no foreign key from ({listed}) to {target.fullname} in the database"
            case PrimaryKeyConstraint() if columns and frozenset(columns) not in found.unique:
                yield f"{table.fullname}: no primary key ({listed}) in the database"
            case UniqueConstraint() if frozenset(columns) not in found.unique:
                yield f"{table.fullname}: no unique constraint ({listed}) in the database"


def _columns_of(constraint: Any) -> tuple[str, ...]:
    return tuple(column.name for column in getattr(constraint, "columns", ()))
