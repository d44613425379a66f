WITH written AS (
  UPDATE public.films
  SET year=body.year
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(year INTEGER)
  WHERE public.films.id = CAST(CAST($2 AS TEXT) AS INTEGER)
  RETURNING public.films.id, public.films.title, public.films.year, public.films.genre, public.films.rating, public.films.gross, public.films.director_id, public.films.studio_id, public.films.published, public.films.details, public.films.aliases, public.films.shown, public.films.words, public.films.added_at, public.films.budget
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.id AS id, written.title AS title, written.year AS year, written.genre AS genre, written.rating AS rating, written.gross AS gross, written.director_id AS director_id, written.studio_id AS studio_id, written.published AS published, written.details AS details, written.aliases AS aliases, written.shown AS shown, written.words AS words, written.added_at AS added_at, written.budget AS budget
  FROM written
) AS page
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS INTEGER)) >= 0
