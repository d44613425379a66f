WITH written AS (
  SELECT public.films.id AS id, public.films.title AS title, public.films.year AS year, public.films.genre AS genre, public.films.rating AS rating, public.films.gross AS gross, public.films.director_id AS director_id, public.films.studio_id AS studio_id, public.films.published AS published, public.films.details AS details, public.films.aliases AS aliases, public.films.shown AS shown, public.films.words AS words, public.films.added_at AS added_at, public.films.budget AS budget
  FROM public.films
  WHERE false
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.id AS id, written.title AS title, written.year AS year, written.genre AS genre, written.rating AS rating, written.gross AS gross, written.director_id AS director_id, written.studio_id AS studio_id, written.published AS published, written.details AS details, written.aliases AS aliases, written.shown AS shown, written.words AS words, written.added_at AS added_at, written.budget AS budget
  FROM written
) AS page
