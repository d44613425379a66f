WITH payload AS (
  SELECT body.title AS title, body.added_at AS added_at
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(title TEXT, added_at TIMESTAMP WITHOUT TIME ZONE)
), written AS (
  INSERT INTO public.films (title, added_at)
  SELECT payload.title AS title, payload.added_at AS added_at
  FROM payload
  RETURNING public.films.id, public.films.title, public.films.year, public.films.genre, public.films.rating, public.films.gross, public.films.director_id, public.films.studio_id, public.films.published, public.films.details, public.films.aliases, public.films.shown, public.films.words, public.films.added_at, public.films.budget
)
SELECT count(*) AS rows
FROM written
