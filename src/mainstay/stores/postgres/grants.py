"""What a role may do, asked of PostgreSQL: https://www.postgresql.org/docs/current/functions-info.html"""

from collections.abc import Sequence

from mainstay.core.catalog import FunctionKey, TableKey
from mainstay.core.grants import Grants, TableGrant
from mainstay.stores.postgres.lane import Lane

TABLES = """
SELECT n.nspname, c.relname, has_table_privilege($1, c.oid, 'DELETE'),
       array_agg(a.attname) FILTER (WHERE has_column_privilege($1, c.oid, a.attnum, 'SELECT')),
       array_agg(a.attname) FILTER (WHERE has_column_privilege($1, c.oid, a.attnum, 'INSERT')),
       array_agg(a.attname) FILTER (WHERE has_column_privilege($1, c.oid, a.attnum, 'UPDATE'))
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND n.nspname = ANY ($2) AND has_schema_privilege($1, n.oid, 'USAGE')
GROUP BY n.nspname, c.relname, c.oid
"""
FUNCTIONS = """
SELECT DISTINCT n.nspname, p.proname
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE n.nspname = ANY ($2) AND has_schema_privilege($1, n.oid, 'USAGE') AND has_function_privilege($1, p.oid, 'EXECUTE')
"""


async def grants_of(lane: Lane, role: str, schemas: Sequence[str]) -> Grants:
    """Raises asyncpg's errors: 42704 for a role that is not there."""
    tables = await lane.fetch(TABLES, [role, list(schemas)])
    functions = await lane.fetch(FUNCTIONS, [role, list(schemas)])
    return Grants(
        tables={TableKey(schema, name): _grant(deletes, *columns) for schema, name, deletes, *columns in tables},
        functions=frozenset(FunctionKey(schema, name) for schema, name in functions),
    )


def _grant(
    deletes: bool, reads: Sequence[str] | None, creates: Sequence[str] | None, updates: Sequence[str] | None
) -> TableGrant:
    return TableGrant(frozenset(reads or ()), frozenset(creates or ()), frozenset(updates or ()), deletes)
