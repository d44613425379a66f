WITH written AS (
  UPDATE public.films
  SET rating=body.rating
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(rating NUMERIC)
  WHERE public.films.year > CAST(CAST($2 AS TEXT) AS INTEGER)
  RETURNING 1 AS row
)
SELECT count(*) AS rows
FROM written
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS INTEGER)) >= 0
