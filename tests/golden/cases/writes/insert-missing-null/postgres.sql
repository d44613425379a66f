WITH payload AS (
  SELECT body.title AS title, body.year AS year, body.genre AS genre
  FROM json_to_recordset(CAST(CAST($1 AS TEXT) AS json)) AS body(title TEXT, year INTEGER, genre genre)
), written AS (
  INSERT INTO public.films (title, year, genre)
  SELECT payload.title AS title, payload.year AS year, payload.genre AS genre
  FROM payload
  RETURNING public.films.title, public.films.genre
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.title AS title, written.genre AS genre
  FROM written
) AS page
