WITH payload AS (
  SELECT body.title AS title, body.year AS year, body.director_id AS director_id
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(title TEXT, year INTEGER, director_id INTEGER)
), written AS (
  INSERT INTO public.films (title, year, director_id)
  SELECT payload.title AS title, payload.year AS year, payload.director_id AS director_id
  FROM payload
  RETURNING public.films.id, public.films.title, public.films.director_id
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.title AS title, (
    SELECT row_to_json(t2) AS anon_1
    FROM (
      SELECT t1.name AS name
      FROM public.directors AS t1
      WHERE written.director_id = t1.id
      LIMIT 1
    ) AS t2
  ) AS director, (
    SELECT coalesce(json_agg(t5), '[]') AS anon_2
    FROM (
      SELECT t3.label AS label
      FROM public.tags AS t3
      JOIN public.film_tags AS t4 ON t3.id = t4.tag_id
      WHERE written.id = t4.film_id
      LIMIT 1000
    ) AS t5
  ) AS tags
  FROM written
) AS page
