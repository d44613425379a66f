WITH written AS (
  DELETE
  FROM public.lines
  WHERE public.lines.id = CAST(CAST($1 AS TEXT) AS INTEGER)
  RETURNING 1 AS row
)
SELECT count(*) AS rows
FROM written
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER)) >= 0
