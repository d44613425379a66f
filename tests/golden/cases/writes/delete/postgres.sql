WITH written AS (
  DELETE
  FROM public.lines
  WHERE public.lines.id = CAST(CAST($1 AS TEXT) AS INTEGER)
  RETURNING public.lines.id, public.lines.film_id, public.lines.actor_id, public.lines.words
)
SELECT count(*) AS rows
FROM written
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER)) >= 0
