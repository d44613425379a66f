"""What a PostgreSQL database holds now, as far as the models could ask for it: plain data, read in a few queries.

It reads the system catalogs alone, never a team's rows, and decides nothing.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import msgspec

from mainstay.core.catalog import TableKey


class Connection(Protocol):
    """What is needed of a driver's connection; asyncpg's has it."""

    async def fetch(self, query: str, *arguments: Any) -> Sequence[Any]: ...
    async def execute(self, query: str) -> Any: ...
    def transaction(self) -> AbstractAsyncContextManager[Any]: ...


class ColumnFound(msgspec.Struct, frozen=True):
    """A column as it is. `type` is spelt by PostgreSQL's format_type."""

    type: str
    required: bool
    comment: str | None


class TableFound(msgspec.Struct, frozen=True):
    """A table or view as it is. `altered_by_us` is False of views and foreign tables.

    `foreign_keys` are (columns, referenced table, referenced columns), `unique` the columns of unique constraints and
    indexes, the primary key's among them.
    """

    altered_by_us: bool
    comment: str | None
    columns: Mapping[str, ColumnFound]
    foreign_keys: frozenset[tuple[frozenset[tuple[str, str]], TableKey]] = frozenset()
    unique: frozenset[frozenset[str]] = frozenset()


class Snapshot(msgspec.Struct, frozen=True):
    """`schema` is the one that a table without a schema of its own is in. `types` maps an enum's name to its labels,
    a domain's to none. `indexes` and `sequences` are (schema, name)."""

    schema: str
    schemas: frozenset[str]
    extensions: frozenset[str]
    types: Mapping[TableKey, tuple[str, ...]]
    tables: Mapping[TableKey, TableFound]
    indexes: frozenset[tuple[str, str]]
    sequences: frozenset[tuple[str, str]]

    def key(self, schema: str | None, name: str) -> TableKey:
        return TableKey(schema or self.schema, name)


SCHEMA = "SELECT coalesce(current_schema(), 'public')"
SCHEMAS = "SELECT nspname FROM pg_namespace"
EXTENSIONS = "SELECT extname FROM pg_extension"
TYPES = """
SELECT n.nspname, t.typname,
       array(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype IN ('e', 'd') AND n.nspname = ANY($1::text[])
"""
RELATIONS = """
SELECT n.nspname, c.relname, c.relkind::text, obj_description(c.oid, 'pg_class')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY($1::text[])
"""
COLUMNS = """
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
       col_description(c.oid, a.attnum)
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY($1::text[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.oid, a.attnum
"""
FOREIGN_KEYS = """
SELECT n.nspname, c.relname, tn.nspname, t.relname,
       array(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u(number, place)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.number ORDER BY u.place),
       array(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY u(number, place)
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = u.number ORDER BY u.place)
FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = k.confrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE k.contype = 'f' AND n.nspname = ANY($1::text[])
"""
UNIQUE = """
SELECT n.nspname, c.relname, array_agg(a.attname::text)
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey[0:i.indnkeyatts - 1])
WHERE i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND n.nspname = ANY($1::text[])
GROUP BY n.nspname, c.relname, i.indexrelid
"""

TABLE_KINDS = frozenset("rpvmf")
ALTERED_KINDS = frozenset("rp")
INDEX_KINDS = frozenset("iI")


async def take(connection: Connection, schemas: Sequence[str | None]) -> Snapshot:
    """What is there now in `schemas`, None standing for the one that unqualified names mean."""
    current = str((await connection.fetch(SCHEMA))[0][0])
    wanted = sorted({schema or current for schema in schemas})
    relations = await connection.fetch(RELATIONS, wanted)
    return Snapshot(
        schema=current,
        schemas=frozenset(row[0] for row in await connection.fetch(SCHEMAS)),
        extensions=frozenset(row[0] for row in await connection.fetch(EXTENSIONS)),
        types={TableKey(row[0], row[1]): tuple(row[2]) for row in await connection.fetch(TYPES, wanted)},
        tables=await _tables(connection, wanted, relations),
        indexes=frozenset((row[0], row[1]) for row in relations if row[2] in INDEX_KINDS),
        sequences=frozenset((row[0], row[1]) for row in relations if row[2] == "S"),
    )


async def _tables(connection: Connection, schemas: list[str], relations: Sequence[Any]) -> dict[TableKey, TableFound]:
    columns: dict[TableKey, dict[str, ColumnFound]] = {}
    for schema, table, name, type_name, required, comment in await connection.fetch(COLUMNS, schemas):
        columns.setdefault(TableKey(schema, table), {})[name] = ColumnFound(type_name, required, comment)
    foreign_keys: dict[TableKey, set[tuple[frozenset[tuple[str, str]], TableKey]]] = {}
    for schema, table, target_schema, target, ours, theirs in await connection.fetch(FOREIGN_KEYS, schemas):
        pairs = frozenset(zip(ours, theirs, strict=True))
        foreign_keys.setdefault(TableKey(schema, table), set()).add((pairs, TableKey(target_schema, target)))
    unique: dict[TableKey, set[frozenset[str]]] = {}
    for schema, table, names in await connection.fetch(UNIQUE, schemas):
        unique.setdefault(TableKey(schema, table), set()).add(frozenset(names))
    return {
        (key := TableKey(schema, table)): TableFound(
            altered_by_us=kind in ALTERED_KINDS,
            comment=comment,
            columns=columns.get(key, {}),
            foreign_keys=frozenset(foreign_keys.get(key, ())),
            unique=frozenset(unique.get(key, ())),
        )
        for schema, table, kind, comment in relations
        if kind in TABLE_KINDS
    }


async def canonical_types(connection: Connection, names: Sequence[str]) -> dict[str, str | None]:
    """Each type name as `ColumnFound.type` would spell it; None where PostgreSQL does not know the type."""
    version = int((await connection.fetch("SELECT current_setting('server_version_num')"))[0][0])
    # to_regtypemod is new in PostgreSQL 17; before it, what is in the parentheses can't be had without a table.
    modifier = "to_regtypemod(name)" if version >= 170_000 else "NULL"
    query = f"SELECT name, format_type(to_regtype(name), {modifier}) FROM unnest($1::text[]) AS name"  # noqa: S608
    found = {row[0]: row[1] for row in await connection.fetch(query, list(names))}
    return {name: None if spelt in (None, "-") else spelt for name, spelt in found.items()}
