WITH payload AS (
  SELECT body.title AS title, body.added_at AS added_at
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(title TEXT, added_at TIMESTAMP WITHOUT TIME ZONE)
), written AS (
  INSERT INTO public.films (title, added_at)
  SELECT payload.title AS title, payload.added_at AS added_at
  FROM payload
  RETURNING 1 AS row
)
SELECT count(*) AS rows
FROM written
