"""Keys and constraints: primary keys, what is unique, foreign keys and the names that PostgreSQL knows them by."""

from collections.abc import Iterable
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapper

from mainstay.core.catalog import TableKey
from mainstay.core.problem import DeclarationError
from mainstay.reflect.types import DIALECT

DEFAULT_SCHEMA = "public"
IDENTIFIER_BYTES_MAX = 63

Pairs = tuple[tuple[str, str], ...]


class ForeignKey(msgspec.Struct, frozen=True):
    """`pairs` are (column, column of the target)."""

    source: TableKey
    target: TableKey
    pairs: Pairs
    name: str

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(column for column, _ in self.pairs)


def key_of(table: sa.Table) -> TableKey:
    return TableKey(str(table.schema or DEFAULT_SCHEMA), str(table.name))


def primary_key_of(table: sa.Table, mappers: list[Mapper[Any]]) -> tuple[str, ...]:
    """The table's; for a table without one (a view), the one that its class declares."""
    declared: list[Iterable[Any]] = [table.primary_key.columns, *(mapper.primary_key for mapper in mappers)]
    own = ([str(column.name) for column in columns if column.table is table] for columns in declared)
    return tuple(next(filter(None, own), []))


def unique_of(table: sa.Table) -> tuple[tuple[str, ...], ...]:
    """The columns of each unique constraint, and of each unique index over plain columns and all rows."""
    found: set[tuple[str, ...]] = set()
    for constraint in table.constraints:
        if isinstance(constraint, sa.UniqueConstraint):
            found.add(tuple(str(column.name) for column in constraint.columns))
    for index in table.indexes:
        plain = all(isinstance(expression, sa.Column) for expression in index.expressions)
        if index.unique and plain and index.dialect_options["postgresql"]["where"] is None:
            found.add(tuple(str(column.name) for column in index.columns))
    return tuple(sorted(found))


def constraints_of(table: sa.Table) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The primary key, the unique constraints and the unique indexes, by name."""
    keys = [each for each in table.constraints if isinstance(each, (sa.PrimaryKeyConstraint, sa.UniqueConstraint))]
    found: dict[str, tuple[str, ...]] = {}
    for key in keys:
        columns = [str(column.name) for column in key.columns]
        label, named = ("pkey", []) if isinstance(key, sa.PrimaryKeyConstraint) else ("key", columns)
        if columns:
            found[_given_name(key) or default_name(str(table.name), named, label)] = tuple(columns)
    unique = set(unique_of(table))
    for index in table.indexes:
        columns = [str(column.name) for column in index.columns]
        if index.unique and index.name is not None and tuple(columns) in unique:
            found[str(index.name)] = tuple(columns)
    return tuple(sorted(found.items()))


def foreign_keys_of(table: sa.Table) -> list[ForeignKey]:
    """In order of their columns. Raises DeclarationError for one that points nowhere."""
    keys = [_foreign_key(table, constraint) for constraint in table.foreign_key_constraints]
    position = {str(column.name): number for number, column in enumerate(table.columns)}
    return sorted(keys, key=lambda key: ([position[column] for column in key.columns], str(key.target), key.pairs))


def _foreign_key(table: sa.Table, constraint: sa.ForeignKeyConstraint) -> ForeignKey:
    try:
        pairs = tuple((str(element.parent.name), str(element.column.name)) for element in constraint.elements)
        target = key_of(constraint.referred_table)
    except SQLAlchemyError as error:
        raise DeclarationError(
            f"a foreign key points nowhere: {error}",
            where=str(key_of(table)),
            hint="declare the other table in the same MetaData, and import its module first",
        ) from error
    columns = [column for column, _ in pairs]
    return ForeignKey(key_of(table), target, pairs, _given_name(constraint) or default_name(str(table.name), columns))


def _given_name(constraint: sa.Constraint) -> str | None:
    """The name as the DDL would spell it: naming convention applied, cut to length."""
    preparer = DIALECT.identifier_preparer
    if constraint.name is None:
        return None
    quoted = preparer.format_constraint(constraint)
    if quoted is None:
        return None
    return quoted[1:-1].replace('""', '"') if quoted.startswith('"') else str(quoted)


def default_name(table: str, columns: list[str], label: str = "fkey") -> str:
    """What PostgreSQL calls an unnamed key: `<table>_<columns>_fkey`, the longer part cut to fit.

    Source: makeObjectName in src/backend/commands/indexcmds.c.
    """
    first, second = table.encode(), "_".join(columns).encode()
    room = IDENTIFIER_BYTES_MAX - len(label) - (2 if columns else 1)
    while len(first) + len(second) > room:
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    return "_".join(part for part in (first.decode(errors="ignore"), second.decode(errors="ignore"), label) if part)
