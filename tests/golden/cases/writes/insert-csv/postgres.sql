WITH payload AS (
  SELECT body.name AS name, body.country AS country
  FROM json_to_recordset(CAST(CAST($1 AS TEXT) AS json)) AS body(name TEXT, country VARCHAR)
), written AS (
  INSERT INTO public.studios (name, country)
  SELECT payload.name AS name, payload.country AS country
  FROM payload
  RETURNING public.studios.name, public.studios.country
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.name AS name, written.country AS country
  FROM written
) AS page
