WITH payload AS (
  SELECT body.title AS title, body.year AS year, body.genre AS genre, body.rating AS rating, body.details AS details, body.aliases AS aliases, body.shown AS shown
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(title TEXT, year INTEGER, genre genre, rating NUMERIC, details JSONB, aliases TEXT[], shown INT4RANGE)
), written AS (
  INSERT INTO public.films (title, year, genre, rating, details, aliases, shown)
  SELECT payload.title AS title, payload.year AS year, payload.genre AS genre, payload.rating AS rating, payload.details AS details, payload.aliases AS aliases, payload.shown AS shown
  FROM payload
  RETURNING public.films.genre, public.films.rating, public.films.details, public.films.aliases, public.films.shown
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.genre AS genre, written.rating AS rating, written.details AS details, written.aliases AS aliases, written.shown AS shown
  FROM written
) AS page
