"""Triggers by which a table announces what commits change in it, whoever writes: their SQL, and which are there.

Each statement that changes rows sends one NOTIFY, which PostgreSQL delivers at its commit: the table, and for a few
columns by which rows are looked for, the values that the rows had and have. Past a bound it says the table alone.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from hashlib import blake2b
from typing import Any, TypeAlias

import msgspec

from mainstay.core.catalog import TableKey
from mainstay.core.change import Change, Coverage, Origin

CHANNEL = "mainstay_live"
SCHEMA = "mainstay"
RELAYED = "MSLIV"
"""The SQLSTATE of what a trigger says to a connection of Mainstay's own, which passes it on."""
TRIGGERS = {
    "mainstay_live_delete": "DELETE",
    "mainstay_live_insert": "INSERT",
    "mainstay_live_truncate": "TRUNCATE",
    "mainstay_live_update": "UPDATE",
}

COLUMNS_MAX = 8
"""Columns of one table whose values are told."""
VALUES_MAX = 40
"""Values of one column in one notice; past it they are left out."""
ROWS_MAX = 500
"""Rows of one statement; past it the table alone is told, so that mass writes are not slowed down."""
NOTICES_MAX = 64
"""Notices of one transaction that hold values. PostgreSQL sends what is the same only once, and then they all are."""
PAYLOAD_BYTES_MAX = 7_900
"""PostgreSQL takes less than 8,000 bytes (https://www.postgresql.org/docs/current/sql-notify.html)."""

NAME_BYTES_MAX = 63

# What rows are made of: a view's of those that its query reads; partitions and children are also their parents' rows,
# and a statement fires the triggers of the one table that it names. A materialized view is what it was made of once.
ORIGINS = """
WITH RECURSIVE edges(source, target, same) AS (
  SELECT rule.ev_class, needed.refobjid, false
  FROM pg_rewrite AS rule
  JOIN pg_class AS view ON view.oid = rule.ev_class AND view.relkind = 'v'
  JOIN pg_depend AS needed ON needed.classid = 'pg_rewrite'::regclass AND needed.objid = rule.oid
    AND needed.refclassid = 'pg_class'::regclass AND needed.refobjid <> rule.ev_class
  UNION ALL SELECT inhparent, inhrelid, true FROM pg_inherits
  UNION ALL SELECT inhrelid, inhparent, true FROM pg_inherits
), asked AS (
  SELECT class.oid, space.nspname, class.relname
  FROM unnest($1::text[], $2::text[]) AS named(space, name)
  JOIN pg_namespace AS space ON space.nspname = named.space
  JOIN pg_class AS class ON class.relnamespace = space.oid AND class.relname = named.name
), reached(root, oid, same) AS (
  SELECT oid, oid, true FROM asked
  UNION
  SELECT reached.root, edges.target, reached.same AND edges.same
  FROM reached JOIN edges ON edges.source = reached.oid
)
SELECT asked.nspname, asked.relname, space.nspname, class.relname, bool_and(reached.same), class.relkind::text
FROM reached
JOIN asked ON asked.oid = reached.root
JOIN pg_class AS class ON class.oid = reached.oid AND class.relkind IN ('r', 'p', 'f', 'm')
JOIN pg_namespace AS space ON space.oid = class.relnamespace
GROUP BY 1, 2, 3, 4, 6 ORDER BY 1, 2, 3, 4
"""

ANNOUNCED = """
SELECT space.nspname, class.relname, min(trig.tgargs), proc.proname
FROM pg_trigger AS trig
JOIN pg_class AS class ON class.oid = trig.tgrelid
JOIN pg_namespace AS space ON space.oid = class.relnamespace
JOIN pg_proc AS proc ON proc.oid = trig.tgfoid
WHERE trig.tgname = ANY ($1::text[]) AND trig.tgenabled IN ('O', 'A')
GROUP BY 1, 2, 4 HAVING count(*) >= $2 ORDER BY 1, 2
"""

# Columns by which rows are looked for, of types whose equality is that of their texts: first those of the primary
# key, then those that were asked for, then those of foreign keys.
COLUMNS = """
SELECT found.attname FROM (
  SELECT DISTINCT ON (attribute.attnum) attribute.attname, attribute.attnum, rank
  FROM pg_class AS class
  JOIN pg_namespace AS space ON space.oid = class.relnamespace AND space.nspname = $1
  JOIN pg_attribute AS attribute ON attribute.attrelid = class.oid AND NOT attribute.attisdropped
  LEFT JOIN pg_collation AS sorting ON sorting.oid = attribute.attcollation
  CROSS JOIN LATERAL (
    SELECT CASE contype WHEN 'p' THEN 0 ELSE 2 END
    FROM pg_constraint WHERE conrelid = class.oid AND contype IN ('p', 'f') AND attribute.attnum = ANY (conkey)
    UNION ALL SELECT 1 WHERE attribute.attname = ANY ($3::text[])
  ) AS wanted(rank)
  WHERE class.relname = $2 AND attribute.attnum > 0 AND coalesce(sorting.collisdeterministic, true)
    AND attribute.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'uuid'::regtype, 'text'::regtype,
                               'varchar'::regtype)
  ORDER BY attribute.attnum, rank
) AS found ORDER BY found.rank, found.attnum LIMIT $4
"""

FUNCTION = """
CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $mainstay$
#variable_conflict use_column
DECLARE
  said integer := coalesce(nullif(current_setting('mainstay.said', true), ''), '0')::integer;
  notice text := {short};
  told text;
  number integer;
BEGIN
  BEGIN
    IF TG_OP = 'INSERT' THEN
      {insert}
    ELSIF TG_OP = 'DELETE' THEN
      {delete}
    ELSIF TG_OP = 'UPDATE' THEN
      {update}
    END IF;
    IF number = 0 THEN RETURN NULL; END IF;
  EXCEPTION WHEN syntax_error_or_access_rule_violation THEN
    number := {rows} + 1;  -- a column is gone, or is called otherwise: no write may fail of that
  END;
  IF number <= {rows} AND said < {notices} AND octet_length(told) <= {bytes} THEN
    notice := told;
    PERFORM set_config('mainstay.said', (said + 1)::text, true);
  END IF;
  IF current_setting('mainstay.relays', true) = 'on' AND current_setting('client_min_messages') = 'notice' THEN
    RAISE NOTICE USING MESSAGE = notice, ERRCODE = {relayed};  -- to the server, which tells it once this is committed
  ELSE
    PERFORM pg_notify({channel}, notice);
  END IF;
  RETURN NULL;
END $mainstay$
"""
TELLING = """SELECT rows, json_build_array({schema}, {table}, json_strip_nulls(json_build_object({members})))::text
        INTO number, told
        FROM (SELECT count(*) AS rows{aggregates} FROM ({parts} LIMIT {most} + 1) AS few) AS summed;"""
PART = "SELECT {texts} FROM {source}"
MEMBER = "{name}, CASE WHEN {values} IS NULL THEN '[]' WHEN cardinality({values}) <= {most} THEN to_json({values}) END"
AGGREGATE = ", array_agg(DISTINCT {value}) FILTER (WHERE {value} IS NOT NULL) AS {values}"
TRIGGER = """
CREATE OR REPLACE TRIGGER {trigger} AFTER {event} ON {table} {rows}
  FOR EACH STATEMENT EXECUTE FUNCTION {function}({args})
"""
REFERENCING = {
    "INSERT": "REFERENCING NEW TABLE AS new_rows",
    "UPDATE": "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "DELETE": "REFERENCING OLD TABLE AS old_rows",
    "TRUNCATE": "",
}
LOOK_ANEW = f"SELECT pg_notify('{CHANNEL}', '')"
LOOK_WHERE_ANNOUNCED = f"{LOOK_ANEW} WHERE EXISTS (SELECT FROM pg_trigger WHERE tgname = 'mainstay_live_update')"


Ask: TypeAlias = Callable[..., Awaitable[list[Any]]]
"""A connection's `fetch`: a query, and what it takes."""


async def coverage(ask: Ask, tables: Collection[TableKey]) -> Coverage:
    """Which changes are told of now, of these tables and of those that their rows are from."""
    found: dict[TableKey, list[Origin]] = {}
    for schema, name, origin_schema, origin_name, same, _ in await _origins(ask, tables):
        found.setdefault(TableKey(schema, name), []).append(Origin(TableKey(origin_schema, origin_name), same))
    announced = {
        TableKey(schema, name): _columns_of(arguments)
        for schema, name, arguments, _ in await ask(ANNOUNCED, list(TRIGGERS), len(TRIGGERS))
    }
    return Coverage(announced, {key: tuple(origins) for key, origins in found.items()})


async def installing(ask: Ask, tables: Collection[TableKey], wanted: dict[TableKey, frozenset[str]]) -> list[str]:
    """The statements by which these tables, and those that their rows are from, announce their changes.

    `wanted` are columns, besides those of keys, whose values are worth telling.
    """
    statements = [f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"]
    origins = await _origins(ask, tables)
    for key in dict.fromkeys(TableKey(schema, name) for _, _, schema, name, _, kind in origins if kind in "rp"):
        columns = await ask(COLUMNS, key.schema, key.name, sorted(wanted.get(key, ())), COLUMNS_MAX)
        statements += installation(key, [column for (column,) in columns])
    return [*statements, LOOK_ANEW]


async def removing(ask: Ask) -> list[str]:
    """The statements by which no table announces anything any more."""
    statements: list[str] = []
    for schema, name, _, function in await ask(ANNOUNCED, list(TRIGGERS), 1):
        table = f"{quoted(schema)}.{quoted(name)}"
        statements += [f"DROP TRIGGER IF EXISTS {trigger} ON {table}" for trigger in TRIGGERS]
        statements.append(f"DROP FUNCTION IF EXISTS {SCHEMA}.{quoted(function)}()")
    return [*statements, LOOK_ANEW]


def installation(table: TableKey, columns: Sequence[str]) -> list[str]:
    """The function and the triggers of one table. What is there of them already is replaced."""
    function = f"{SCHEMA}.{quoted(_function_name(table))}"
    one, other = "new_rows", "old_rows"
    statements = [
        FUNCTION.format(
            function=function,
            short=_literal(msgspec.json.encode([table.schema, table.name]).decode()),
            insert=_telling(table, columns, [one]),
            delete=_telling(table, columns, [other]),
            update=_telling(table, columns, [other, one]),
            notices=NOTICES_MAX,
            rows=ROWS_MAX,
            bytes=PAYLOAD_BYTES_MAX,
            channel=_literal(CHANNEL),
            relayed=_literal(RELAYED),
        ).strip()
    ]
    for trigger, event in TRIGGERS.items():
        statement = TRIGGER.format(
            trigger=trigger,
            event=event,
            table=f"{quoted(table.schema)}.{quoted(table.name)}",
            rows=REFERENCING[event],
            function=function,
            args=", ".join(map(_literal, columns)),
        )
        statements.append(statement.strip())
    return statements


def read_notice(payload: str) -> Change | None:
    """None for what tells nothing in particular: then anything may have changed."""
    try:
        schema, name, *rest = msgspec.json.decode(payload, type=list[Any])
        values = msgspec.convert(rest[0] if rest else {}, dict[str, frozenset[str]])
        return Change(msgspec.convert({"schema": schema, "name": name}, TableKey), values)
    except (msgspec.DecodeError, ValueError):
        return None


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


async def _origins(ask: Ask, tables: Collection[TableKey]) -> list[Any]:
    return await ask(ORIGINS, [key.schema for key in tables], [key.name for key in tables])


def _telling(table: TableKey, columns: Sequence[str], sources: Sequence[str]) -> str:
    """Finds how many rows these transition tables have, and the table with the values of its columns in them."""
    numbers = range(len(columns))
    texts = ", ".join(f"{quoted(column)}::text AS value{number}" for number, column in enumerate(columns))
    return TELLING.format(
        schema=_literal(table.schema),
        table=_literal(table.name),
        members=", ".join(
            MEMBER.format(name=_literal(column), values=f"values{number}", most=VALUES_MAX)
            for number, column in enumerate(columns)
        ),
        aggregates="".join(AGGREGATE.format(value=f"value{number}", values=f"values{number}") for number in numbers),
        parts=" UNION ALL ".join(PART.format(texts=texts or "1", source=source) for source in sources),
        most=ROWS_MAX,
    )


def _function_name(table: TableKey) -> str:
    name = f"live {table}"
    if len(name.encode()) <= NAME_BYTES_MAX:
        return name
    return f"live {blake2b(str(table).encode(), digest_size=16).hexdigest()}"


def _columns_of(arguments: bytes) -> frozenset[str]:
    """A trigger's arguments, each ended by a zero byte."""
    return frozenset(each.decode() for each in arguments.split(b"\0")[:-1])


def _literal(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"E'{escaped.replace(chr(92), chr(92) * 2)}'" if "\\" in text else f"'{escaped}'"
