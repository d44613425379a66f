WITH payload AS (
  SELECT body.title AS title, body.year AS year, body.added_at AS added_at
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(title TEXT, year INTEGER, added_at TIMESTAMP WITHOUT TIME ZONE)
), written AS (
  INSERT INTO public.films (title, year, added_at)
  SELECT payload.title AS title, payload.year AS year, payload.added_at AS added_at
  FROM payload
  RETURNING 1 AS row
)
SELECT count(*) AS rows
FROM written
