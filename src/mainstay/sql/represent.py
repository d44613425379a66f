"""Domains that are written and read in another form than their base type's: the database's own casts do it.

A value goes out through its cast to json, comes in from a payload through the one from json, and from a filter through
the one from text. What the policy compares is never represented: its values are the column's own.
"""

import sqlalchemy as sa

from mainstay.core.catalog import Column, FunctionKey, Representation, Table
from mainstay.core.condition import Field
from mainstay.sql.binds import Expression
from mainstay.sql.function import NamedCall

NONE = Representation()


def shown(table: Table, field: Field, value: Expression) -> Expression:
    """The field's value as an answer has it; a cast or a place inside it is of the value itself."""
    to_json = _of(table.columns[field.column]).to_json
    return value if to_json is None or field.path or field.cast is not None else converted(to_json, value)


def reader(table: Table, field: Field) -> FunctionKey | None:
    """What reads a filter's text for the field, where that is not its type's own input."""
    return None if field.path or field.cast is not None else _of(table.columns[field.column]).from_text


def sent_type(column: Column) -> str:
    """The type that a payload's member is taken as."""
    return "json" if _of(column).from_json is not None else column.type.name


def received(table: Table, payload: sa.FromClause) -> sa.FromClause:
    """The payload's rows with the table's own values in them."""
    readers = {name: key for name, column in table.columns.items() if (key := _of(column).from_json) is not None}
    if readers.keys().isdisjoint(column.name for column in payload.c):
        return payload
    columns = [
        converted(readers[column.name], column).label(column.name) if column.name in readers else column
        for column in payload.c
    ]
    return sa.select(*columns).select_from(payload).subquery("received")


def received_value(column: Column, value: Expression) -> Expression:
    """One value of the payload as the table's own."""
    reader = _of(column).from_json
    return value if reader is None else converted(reader, value)


def converted(function: FunctionKey, value: Expression) -> Expression:
    return NamedCall(function, [(None, value)])


def _of(column: Column) -> Representation:
    return column.type.representation or NONE
