"""The questions to PostgreSQL's system catalog, each a SELECT whose columns are the fields of a noun in `core.found`.

They hold for PostgreSQL 13 and later. What a field means is said there, what a catalog's column means in
https://www.postgresql.org/docs/current/catalogs.html
"""
# ruff: noqa: S608 - the parts are this module's own

# With no search path, PostgreSQL spells all names in full, in expressions and types alike.
QUALIFIED = "SET LOCAL search_path TO ''"

_OURS = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"

# A system view costs a function call for each row of it, so `events` are asked for where they tell something.
TABLES = f"""
SELECT c.oid::bigint, n.nspname AS schema, c.relname AS name, c.relkind AS kind, c.relispartition AS partition,
       c.reltype::bigint AS row_type,
       CASE WHEN c.relkind IN ('v', 'f') THEN pg_relation_is_updatable(c.oid, true)
            WHEN c.relkind IN ('r', 'p') THEN 28 ELSE 0 END AS events,
       obj_description(c.oid, 'pg_class') AS comment
FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') AND {_OURS}
ORDER BY n.nspname, c.relname
"""

# A generated column's default is its expression; an identity's is its sequence, which the column depends on.
COLUMNS = f"""
SELECT a.attrelid::bigint AS table, a.attnum AS number, a.attname AS name, a.atttypid::bigint AS type,
       format_type(a.atttypid, a.atttypmod) AS declared, a.attnotnull AS not_null,
       CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END AS default,
       CASE WHEN a.attidentity <> '' THEN
           (SELECT format('nextval(%L::regclass)', s.objid::regclass) FROM pg_depend AS s
            WHERE s.classid = 'pg_class'::regclass AND s.refclassid = 'pg_class'::regclass
              AND s.refobjid = a.attrelid AND s.refobjsubid = a.attnum AND s.deptype = 'i') END AS sequence,
       a.attidentity AS identity, a.attgenerated <> '' AS generated, t.description AS comment
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
LEFT JOIN pg_description AS t
       ON t.objoid = a.attrelid AND t.classoid = 'pg_class'::regclass AND t.objsubid = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'v', 'm', 'c') AND {_OURS}
ORDER BY a.attrelid, a.attnum
"""

# A modifier of -1, rather than none, spells character and bit so that they take any length.
TYPES = """
SELECT t.oid::bigint, n.nspname AS schema, t.typname AS name, format_type(t.oid, -1) AS spelling, t.typtype AS form,
       CASE WHEN t.typcategory = 'A' THEN t.typelem::bigint ELSE 0 END AS element, t.typbasetype::bigint AS base,
       t.typrelid::bigint AS table, t.typnotnull AS not_null, pg_get_expr(t.typdefaultbin, 0) AS default,
       CASE WHEN t.typtype = 'e' THEN
           array(SELECT e.enumlabel FROM pg_enum AS e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder)
       ELSE '{}' END AS labels
FROM pg_type AS t JOIN pg_namespace AS n ON n.oid = t.typnamespace
WHERE n.nspname !~ '^pg_(toast|temp)'
ORDER BY t.oid
"""

# Of a unique index, only one over plain columns and all rows is as good as a constraint; what it includes is no key.
KEYS = f"""
SELECT k.conname AS name, k.contype AS kind, k.conrelid::bigint AS table, k.conkey AS columns,
       k.confrelid::bigint AS target, coalesce(k.confkey, '{{}}') AS target_columns, k.conparentid <> 0 AS inherited
FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE k.contype IN ('p', 'u', 'f') AND {_OURS}
UNION ALL
SELECT x.relname, 'i', i.indrelid::bigint, (i.indkey::int2[])[0:i.indnkeyatts - 1], 0, '{{}}', x.relispartition
FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid
JOIN pg_class AS c ON c.oid = i.indrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND {_OURS}
  AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u'))
ORDER BY 3, 1
"""

VIEWS = f"""
SELECT r.ev_class::bigint AS table, r.ev_action::text AS tree
FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('v', 'm') AND r.ev_type = '1' AND {_OURS}
ORDER BY r.ev_class
"""

# Those of the schemas ($1), and those along the search path ($2) that may be columns: functions of a row.
FUNCTIONS = """
SELECT p.oid::bigint, n.nspname AS schema, p.proname AS name, p.prokind AS kind, p.prorettype::bigint AS returns,
       array(SELECT u::bigint FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) AS u) AS types,
       coalesce(p.proargnames, '{}') AS names, coalesce(array_to_string(p.proargmodes, ''), '') AS modes,
       p.pronargdefaults AS defaults, p.proretset AS many, p.prorows AS rows, p.provolatile AS volatility,
       coalesce(p.proconfig, '{}') AS settings, obj_description(p.oid, 'pg_proc') AS comment
FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE p.prokind IN ('f', 'a') AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype)
  AND n.nspname = ANY($2::text[])
  AND (n.nspname = ANY($1::text[])
       OR EXISTS (SELECT FROM pg_type AS t WHERE t.oid = p.proargtypes[0] AND t.typrelid <> 0))
ORDER BY n.nspname, p.proname, p.oid
"""

# Only implicit casts are representations: https://docs.postgrest.org/en/v14/references/api/domain_representations.html
CASTS = """
SELECT CASE WHEN s.typtype = 'd' THEN s.oid ELSE t.oid END::bigint AS domain,
       CASE WHEN s.typtype = 'd' THEN t.typname ELSE s.typname END AS form, s.typtype = 'd' AS outward,
       n.nspname AS schema, p.proname AS name
FROM pg_cast AS c JOIN pg_type AS s ON s.oid = c.castsource JOIN pg_type AS t ON t.oid = c.casttarget
JOIN pg_proc AS p ON p.oid = c.castfunc JOIN pg_namespace AS n ON n.oid = p.pronamespace
WHERE c.castcontext = 'i' AND c.castmethod = 'f' AND has_function_privilege(p.oid, 'execute')
  AND ((s.typtype = 'd' AND t.oid = 'json'::regtype)
    OR (t.typtype = 'd' AND s.oid IN ('json'::regtype, 'text'::regtype)))
ORDER BY 1, 2, 3
"""

TIME_ZONES = "SELECT coalesce(json_agg(name), '[]')::text FROM pg_timezone_names"

# Whatever holds an expression is kept as a tree, and only what calls the two functions is worth to be spelt out.
# What is called by a name that is no literal, or is put together, may be any setting: then nothing is known.
MENTIONED = rf"""
WITH calling AS (
    SELECT ':funcid (' || string_agg(oid::text, '|') || ') ' AS either FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace AND proname IN ('current_setting', 'set_config')
), texts AS (
    SELECT CASE WHEN p.prosrc = '' THEN pg_get_functiondef(p.oid) ELSE p.prosrc END AS text
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace JOIN pg_language AS l ON l.oid = p.prolang
    WHERE p.prokind <> 'a' AND l.lanname NOT IN ('internal', 'c') AND {_OURS}
    UNION ALL
    SELECT pg_get_function_arguments(p.oid)
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace, calling
    WHERE p.proargdefaults::text ~ either AND {_OURS}
    UNION ALL
    SELECT pg_get_ruledef(r.oid)
    FROM pg_rewrite AS r JOIN pg_class AS c ON c.oid = r.ev_class JOIN pg_namespace AS n ON n.oid = c.relnamespace,
         calling
    WHERE (r.ev_action::text ~ either OR r.ev_qual::text ~ either) AND {_OURS}
    UNION ALL
    SELECT concat_ws(' ', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)) FROM pg_policy
    UNION ALL
    SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef, calling WHERE adbin::text ~ either
    UNION ALL
    SELECT pg_get_expr(typdefaultbin, 0) FROM pg_type, calling WHERE typdefaultbin::text ~ either
    UNION ALL
    SELECT pg_get_constraintdef(oid) FROM pg_constraint, calling WHERE conbin::text ~ either
    UNION ALL
    SELECT pg_get_triggerdef(oid) FROM pg_trigger, calling WHERE tgqual::text ~ either
), told AS (
    SELECT text, (SELECT count(*) FROM regexp_matches(text, '\m(current_setting|set_config)\M', 'gi')) AS calls,
           (SELECT count(*) FROM regexp_matches(
               text,
               '\m(current_setting|set_config)"?\s*\(\s*''+[^'']*''+(\s*::\s*(pg_catalog\.)?text)?\s*[,)]', 'gi'
           )) AS literal,
           text ~* '\m(request|response|app)(\.[a-z0-9_-]+)*\.[''"%$|]' AS partial,
           text ~* '\m(set\s+(local|session)|show)\s+[''%]' AS dynamic
    FROM texts
)
SELECT CASE WHEN bool_or(calls > literal OR partial OR dynamic) THEN 'null' ELSE (
    SELECT coalesce(json_agg(DISTINCT lower(name[1])), '[]')::text
    FROM told, regexp_matches(
        text, '\m((?:request|response|app)(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)+)', 'gi'
    ) AS name
) END FROM told
"""

# As PostgREST has it, only of settings that the connected role may set; a database's own ones go before a role's.
_ROLE_SETTINGS = """
WITH settings AS (
    SELECT r.rolname, s.setdatabase, number, split_part(pair, '=', 1) AS name,
           substr(pair, strpos(pair, '=') + 1) AS value
    FROM pg_db_role_setting AS s JOIN pg_roles AS r ON r.oid = s.setrole,
         unnest(s.setconfig) WITH ORDINALITY AS _(pair, number)
    WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
      AND r.rolname <> current_user AND pg_has_role(r.oid, 'MEMBER')
), settable AS (
    SELECT DISTINCT ON (rolname, s.name) rolname, s.name, value, number
    FROM settings AS s JOIN pg_settings AS p ON p.name = s.name
    WHERE p.context = 'user' OR (p.context = 'superuser' AND {may_set})
    ORDER BY rolname, s.name, setdatabase DESC
)
SELECT coalesce(json_object_agg(rolname, pairs), '{{}}')::text FROM (
    SELECT rolname, json_agg(json_build_array(name, value) ORDER BY number, name) AS pairs
    FROM settable GROUP BY rolname ORDER BY rolname
) AS each
"""


def role_settings(version: int) -> str:
    """For that major version: parameters have had privileges of their own since 15."""
    may_set = "has_parameter_privilege(p.name, 'SET')" if version >= 15 else "false"
    return _ROLE_SETTINGS.format(may_set=may_set)
