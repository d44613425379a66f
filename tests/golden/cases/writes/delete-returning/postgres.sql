WITH written AS (
  DELETE
  FROM public.lines
  WHERE public.lines.film_id = CAST(CAST($1 AS TEXT) AS INTEGER)
  RETURNING public.lines.id, public.lines.film_id, public.lines.actor_id
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.id AS id, (
    SELECT row_to_json(t2) AS anon_1
    FROM (
      SELECT t1.part AS part
      FROM public.castings AS t1
      WHERE written.film_id = t1.film_id AND written.actor_id = t1.actor_id
      LIMIT 1
    ) AS t2
  ) AS casting
  FROM written
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER)) >= 0
