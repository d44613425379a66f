"""SQLAlchemy models → Catalog: read `reflect_models` to see what is taken, in which order.

Reads declarations alone, and only once, at start-up. It asks no database whether the models are true.
"""

import zlib
from collections.abc import Collection
from typing import Any

import msgspec
import sqlalchemy as sa

from mainstay.core.catalog import Catalog, Relation, Table, TableKey
from mainstay.core.problem import DeclarationError
from mainstay.reflect.checks import RESERVED, check_table
from mainstay.reflect.columns import columns_of
from mainstay.reflect.keys import DEFAULT_SCHEMA, constraints_of, foreign_keys_of, key_of, primary_key_of, unique_of
from mainstay.reflect.relations import ForeignKeys, named_relations
from mainstay.reflect.sources import Declared, gather
from mainstay.reflect.types import DIALECT
from mainstay.reflect.unnamed import unnamed_relations


def reflect_models(models: object, *, reserved: Collection[str] = RESERVED) -> Catalog:
    """Everything that the models declare.

    `models` is a declarative base, a registry, a MetaData (its tables alone: relationships live on classes), SQLModel,
    a mapped class, a Table, or a list of these. Raises DeclarationError, with what, where and a hint, for the first
    thing that does not hold together; no column or relation may have a name in `reserved`.
    """
    declared = gather(models)
    _check_keys(declared)
    keys: ForeignKeys = {key_of(table): foreign_keys_of(table) for table in declared.tables}
    tables = {key_of(table): _table(table, declared) for table in declared.tables}
    tables = _with_relations(tables, _named(declared, keys))
    tables = _with_relations(tables, unnamed_relations(tables, [key for known in keys.values() for key in known]))
    for table in tables.values():
        check_table(table, reserved)
    return Catalog(tables, _schemas(tables), _version(tables))


def _check_keys(declared: Declared) -> None:
    seen: dict[TableKey, sa.Table] = {}
    for table in declared.tables:
        key = key_of(table)
        if key in seen:
            raise DeclarationError(
                "two tables have this name",
                where=str(key),
                hint=f"no schema means '{DEFAULT_SCHEMA}': rename one of them, or declare it once",
            )
        seen[key] = table


def _table(table: sa.Table, declared: Declared) -> Table:
    mappers = declared.mappers_of(table)
    return Table(
        key=key_of(table),
        columns=columns_of(table, mappers),
        primary_key=primary_key_of(table, mappers),
        unique=unique_of(table),
        constraints=constraints_of(table),
        comment=table.comment,
        writable=not _is_view(table),
    )


def _is_view(table: sa.Table) -> bool:
    return bool(table.is_view or table.info.get("view") or table.info.get("is_view"))


def _named(declared: Declared, keys: ForeignKeys) -> dict[TableKey, list[Relation]]:
    found: dict[TableKey, list[Relation]] = {key: [] for key in keys}
    for mapper in declared.mappers:
        for relation in named_relations(mapper, keys):
            # Two classes of one table may say the same; they may not say two things by one name.
            if relation not in found[relation.source]:
                found[relation.source].append(relation)
    return found


def _with_relations(tables: dict[TableKey, Table], found: dict[TableKey, list[Relation]]) -> dict[TableKey, Table]:
    return {
        key: msgspec.structs.replace(table, relations=(*table.relations, *found[key])) for key, table in tables.items()
    }


def _schemas(tables: dict[TableKey, Table]) -> tuple[str, ...]:
    """In order of appearance, with `public` first where there is one."""
    names = dict.fromkeys(key.schema for key in tables)
    return tuple(sorted(names, key=lambda name: name != DEFAULT_SCHEMA)) or (DEFAULT_SCHEMA,)


def _version(tables: dict[TableKey, Table]) -> int:
    """A checksum of all that a plan could depend on, so that two processes of one program agree."""
    parts = [(table, [*table.columns]) for table in tables.values()]
    return zlib.crc32(msgspec.json.encode(parts, order="deterministic", enc_hook=_spelled))


def _spelled(expression: Any) -> tuple[str, str]:
    compiled = expression.compile(dialect=DIALECT)
    return str(compiled), repr(sorted(compiled.params.items()))
