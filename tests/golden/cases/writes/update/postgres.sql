WITH written AS (
  UPDATE public.films
  SET year=body.year
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(year INTEGER)
  WHERE public.films.id = CAST(CAST($2 AS TEXT) AS INTEGER)
  RETURNING 1 AS row
)
SELECT count(*) AS rows
FROM written
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS INTEGER)) >= 0
