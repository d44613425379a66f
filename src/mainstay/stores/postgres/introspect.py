"""Looking at a database that exists: a fixed number of questions to its catalog, whatever its size, and plain rows.

Only looks: in a transaction that is read-only and sees one moment. What the rows mean is for `reflect` to say.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import asyncpg
import msgspec

from mainstay.core.catalog import TableKey
from mainstay.core.found import Found, FoundCast, FoundColumn, FoundFunction, FoundKey, FoundTable, FoundType, FoundView
from mainstay.stores.postgres import catalog_sql
from mainstay.stores.postgres.refusal import problem_of

Connection: TypeAlias = "asyncpg.Connection[Any]"
T = TypeVar("T")

CONNECT_S = 10.0


async def introspect(
    source: "str | Connection", schemas: Sequence[str], extra_search_path: Sequence[str] = ()
) -> Found:
    """What is there for requests to `schemas`. `source` is a DSN or a connection that nothing else uses meanwhile.

    Raises MS503 where the database can't be reached, and Refusal where it does not let itself be looked at.
    """
    try:
        if not isinstance(source, str):
            return await _look(source, schemas, extra_search_path)
        connection = await asyncpg.connect(source, timeout=CONNECT_S, server_settings={"jit": "off"})
        try:
            return await _look(connection, schemas, extra_search_path)
        finally:
            await connection.close()
    except Exception as error:
        raise problem_of(error) from error


async def listed(source: str, keys: Sequence[TableKey], rows_max: int) -> dict[TableKey, list[dict[str, Any]]]:
    """The rows of small tables, those that are there; of each at most `rows_max` and one. Raises as `introspect`."""
    try:
        connection = await asyncpg.connect(source, timeout=CONNECT_S, server_settings={"jit": "off"})
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                asking = _Asking(connection)
                return {key: await asking.whole(key, rows_max) for key in keys if await asking.is_there(key)}
        finally:
            await connection.close()
    except Exception as error:
        raise problem_of(error) from error


async def _look(connection: Connection, schemas: Sequence[str], extra_search_path: Sequence[str]) -> Found:
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        await connection.execute(catalog_sql.QUALIFIED)
        asking = _Asking(connection)
        return Found(
            tables=await asking.rows(FoundTable, catalog_sql.TABLES),
            columns=await asking.rows(FoundColumn, catalog_sql.COLUMNS),
            types=await asking.rows(FoundType, catalog_sql.TYPES),
            keys=await asking.rows(FoundKey, catalog_sql.KEYS),
            views=await asking.rows(FoundView, catalog_sql.VIEWS),
            functions=await asking.rows(
                FoundFunction, catalog_sql.FUNCTIONS, list(schemas), [*schemas, *extra_search_path]
            ),
            casts=await asking.rows(FoundCast, catalog_sql.CASTS),
            extra_search_path=tuple(extra_search_path),
            time_zones=await asking.value(frozenset[str], catalog_sql.TIME_ZONES),
            mentioned=await asking.value(frozenset[str] | None, catalog_sql.MENTIONED),
            role_settings=await asking.value(
                Mapping[str, tuple[tuple[str, str], ...]],
                catalog_sql.role_settings(connection.get_server_version().major),
            ),
        )


class _Asking:
    """Each question is answered by one JSON value, which msgspec reads as what it should be."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def rows(self, of: type[T], question: str, *arguments: object) -> tuple[T, ...]:
        text = f"SELECT coalesce(json_agg(found), '[]')::text FROM ({question}) AS found"  # noqa: S608 - our own text
        return msgspec.json.decode(await self.connection.fetchval(text, *arguments), type=tuple[of, ...])  # type: ignore[valid-type]

    async def is_there(self, key: TableKey) -> bool:
        return await self.connection.fetchval("SELECT to_regclass($1) IS NOT NULL", _quoted(key)) is True

    async def whole(self, key: TableKey, rows_max: int) -> list[dict[str, Any]]:
        text = f"SELECT coalesce(json_agg(t), '[]')::text FROM (SELECT * FROM {_quoted(key)} LIMIT {rows_max + 1}) AS t"  # noqa: S608 - quoted
        return msgspec.json.decode(await self.connection.fetchval(text), type=list[dict[str, Any]])

    async def value(self, of: Any, question: str) -> Any:
        return msgspec.json.decode(await self.connection.fetchval(question), type=of)


def _quoted(key: TableKey) -> str:
    return ".".join('"' + name.replace('"', '""') + '"' for name in (key.schema, key.name))
