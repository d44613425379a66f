WITH objects AS (
  SELECT element.number AS "row number", element.value AS "whole object"
  FROM json_array_elements(CAST(CAST($1 AS TEXT) AS json)) WITH ORDINALITY AS element(value, number)
), payload AS (
  SELECT objects."row number" AS "row number", record.name AS name, record.country AS country
  FROM objects
  JOIN json_to_record(objects."whole object") AS record(name TEXT, country VARCHAR) ON true
), written AS (
  INSERT INTO public.studios (name, country)
  SELECT payload.name AS name, payload.country AS country
  FROM payload
  ON CONFLICT (name) DO UPDATE SET country = excluded.country
  RETURNING public.studios.id, public.studios.name, public.studios.country
), keys AS (
  SELECT payload."row number" AS "row number", written.id AS id
  FROM payload
  JOIN written ON payload.name = written.name
), objects_1 AS (
  SELECT row_number() OVER (ORDER BY objects."row number", element.number) AS "row number", objects."row number" AS "parent number", element.value AS "whole object"
  FROM objects
  JOIN json_array_elements(CASE WHEN (json_typeof(objects."whole object" -> 'films') = 'array') THEN objects."whole object" -> 'films' END) WITH ORDINALITY AS element(value, number) ON true
), payload_1 AS (
  SELECT objects_1."row number" AS "row number", record.title AS title, record.year AS year, keys.id AS studio_id
  FROM objects_1
  JOIN json_to_record(objects_1."whole object") AS record(title TEXT, year INTEGER) ON true
  JOIN keys ON keys."row number" = objects_1."parent number"
), written_1 AS (
  INSERT INTO public.films (title, year, studio_id)
  SELECT payload_1.title AS title, payload_1.year AS year, payload_1.studio_id AS studio_id
  FROM payload_1
  RETURNING public.films.id, public.films.title, public.films.year, public.films.genre, public.films.rating, public.films.gross, public.films.director_id, public.films.studio_id, public.films.published, public.films.details, public.films.aliases, public.films.shown, public.films.words, public.films.added_at, public.films.budget
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
) AS inserted, (
  SELECT count(*) AS count_4
  FROM payload
) - (
  SELECT count(*) AS count_5
  FROM keys
) AS violations
FROM (
  SELECT written.name AS name, written.country AS country, (
    SELECT coalesce(json_agg(t4), '[]') AS anon_1
    FROM (
      SELECT t3.title AS title
      FROM (
        SELECT t2.id AS id, t2.title AS title, t2.year AS year, t2.genre AS genre, t2.rating AS rating, t2.gross AS gross, t2.director_id AS director_id, t2.studio_id AS studio_id, t2.published AS published, t2.details AS details, t2.aliases AS aliases, t2.shown AS shown, t2.words AS words, t2.added_at AS added_at, t2.budget AS budget
        FROM public.films AS t2
        UNION ALL
        SELECT written_1.id AS id, written_1.title AS title, written_1.year AS year, written_1.genre AS genre, written_1.rating AS rating, written_1.gross AS gross, written_1.director_id AS director_id, written_1.studio_id AS studio_id, written_1.published AS published, written_1.details AS details, written_1.aliases AS aliases, written_1.shown AS shown, written_1.words AS words, written_1.added_at AS added_at, written_1.budget AS budget
        FROM written_1
      ) AS t3
      WHERE written.id = t3.studio_id
      LIMIT 1000
    ) AS t4
  ) AS films
  FROM written
) AS page
