"""The types that a request may cast to. A cast's name becomes SQL text, so it comes from this list or the catalog."""

import re
from collections.abc import Iterator

from mainstay.core.catalog import ColumnType, TableForm
from mainstay.core.problem import Problem
from mainstay.plan.view import View

# PostgreSQL's names and their aliases (https://www.postgresql.org/docs/current/datatype.html), without the reg*
# types, which would look names up in the database's own catalog.
BUILT_IN = {
    name: canonical
    for canonical, names in {
        "smallint": "smallint int2",
        "integer": "integer int int4",
        "bigint": "bigint int8",
        "numeric": "numeric decimal",
        "real": "real float4",
        "double precision": "double_precision float float8",
        "text": "text",
        "character varying": "varchar",
        "boolean": "boolean bool",
        "date": "date",
        "time": "time",
        "timestamp": "timestamp",
        "timestamp with time zone": "timestamptz",
        "time with time zone": "timetz",
        "interval": "interval",
        "uuid": "uuid",
        "json": "json",
        "jsonb": "jsonb",
        "bytea": "bytea",
        "inet": "inet",
        "cidr": "cidr",
        "money": "money",
        "xml": "xml",
    }.items()
    for name in names.split()
} | {
    "double precision": "double precision",
    "character varying": "character varying",
    "timestamp with time zone": "timestamp with time zone",
    "timestamp without time zone": "timestamp",
    "time with time zone": "time with time zone",
}

SHAPES = frozenset({"geometry", "geography"})
LAST_NAME = re.compile(r'"(?:[^"]|"")+"|[^".]+')


def cast_name(name: str, view: View, where: str) -> str:
    """How SQL spells the type. Raises 42704 for a type that is not on the list."""
    base, array = (name[:-2], "[]") if name.endswith("[]") else (name, "")
    found = BUILT_IN.get(base.strip().lower()) or _declared(base, view) or _of_postgis(base, view)
    if found is None:
        raise Problem("42704", f'type "{name}" does not exist', where=where)
    return found + array


def _declared(name: str, view: View) -> str | None:
    """An enum of one of the columns that the role knows, by its own name, whatever its schema."""
    for type_ in _known_types(view):
        if type_.labels and name == LAST_NAME.findall(type_.name)[-1].strip('"'):
            return type_.name
    return None


def _of_postgis(name: str, view: View) -> str | None:
    """One of PostGIS's two types, where the role knows a column of either."""
    for type_ in _known_types(view) if name in SHAPES else ():
        schema, dot, known = type_.name.partition("(")[0].rpartition(".")
        if known in SHAPES:
            return f"{schema}{dot}{name}"
    return None


def _known_types(view: View) -> Iterator[ColumnType]:
    for table in view.catalog.named.values():
        known = view.known(table)
        yield from (column.type for name, column in table.columns.items() if name in known)
    for key, overloads in view.catalog.functions.items():
        rows = [each.rows for each in overloads if each.rows is not None and view.policy.may_call(view.role, key)]
        tables = (view.catalog.tables[each] for each in rows)
        own = (table for table in tables if table.form is TableForm.ROWS)
        yield from (column.type for table in own for column in table.columns.values())
