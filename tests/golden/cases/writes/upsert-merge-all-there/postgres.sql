WITH payload AS (
  SELECT body.name AS name, body.country AS country
  FROM json_to_recordset(CAST(CAST($1 AS TEXT) AS json)) AS body(name TEXT, country VARCHAR)
), written AS (
  INSERT INTO public.studios (name, country)
  SELECT payload.name AS name, payload.country AS country
  FROM payload
  ON CONFLICT (name) DO UPDATE SET country = excluded.country
  RETURNING public.studios.name, public.studios.country
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected, (
  SELECT count(*) AS count_2
  FROM written
) - (
  SELECT count(*) AS count_3
  FROM payload
  WHERE EXISTS (
    SELECT 1
    FROM public.studios AS t1
    WHERE t1.name = payload.name
  )
) AS inserted
FROM (
  SELECT written.name AS name, written.country AS country
  FROM written
) AS page
