"""The types that a request may cast to. A cast's name becomes SQL text, so it comes from this list or the catalog."""

import re

from mainstay.core.catalog import Catalog
from mainstay.core.problem import Problem

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

LAST_NAME = re.compile(r'"(?:[^"]|"")+"|[^".]+')


def cast_name(name: str, catalog: Catalog, where: str) -> str:
    """How SQL spells the type. Raises 42704 for a type that is not on the list."""
    base, array = (name[:-2], "[]") if name.endswith("[]") else (name, "")
    found = BUILT_IN.get(base.strip().lower()) or _declared(base, catalog)
    if found is None:
        raise Problem("42704", f'type "{name}" does not exist', where=where)
    return found + array


def _declared(name: str, catalog: Catalog) -> str | None:
    """An enum of one of the catalog's columns, by its own name, whatever its schema."""
    for table in catalog.tables.values():
        for column in table.columns.values():
            if column.type.labels and name == LAST_NAME.findall(column.type.name)[-1].strip('"'):
                return column.type.name
    return None
