WITH objects AS (
  SELECT 1 AS "row number", CAST(CAST($1 AS TEXT) AS json) AS "whole object"
), payload AS (
  SELECT objects."row number" AS "row number", record.title AS title, record.year AS year, record.published AS published, CAST(nextval(pg_get_serial_sequence('"public"."films"', 'id')) AS INTEGER) AS id
  FROM objects
  JOIN json_to_record(objects."whole object") AS record(title TEXT, year INTEGER, published BOOLEAN) ON true
), written AS (
  INSERT INTO public.films (title, year, published, id)
  SELECT payload.title AS title, payload.year AS year, payload.published AS published, payload.id AS id
  FROM payload
  RETURNING public.films.id, public.films.title, public.films.year, public.films.genre, public.films.rating, public.films.gross, public.films.director_id, public.films.studio_id, public.films.published, public.films.details, public.films.aliases, public.films.shown, public.films.words, public.films.added_at, public.films.budget
), objects_1 AS (
  SELECT row_number() OVER (ORDER BY objects."row number", element.number) AS "row number", objects."row number" AS "parent number", element.value AS "whole object"
  FROM objects
  JOIN json_array_elements(CASE WHEN (json_typeof(objects."whole object" -> 'reviews') = 'array') THEN objects."whole object" -> 'reviews' END) WITH ORDINALITY AS element(value, number) ON true
), payload_1 AS (
  SELECT objects_1."row number" AS "row number", record.stars AS stars, record.public AS public, record.author_id AS author_id, payload.id AS film_id
  FROM objects_1
  JOIN json_to_record(objects_1."whole object") AS record(stars INTEGER, public BOOLEAN, author_id UUID) ON true
  JOIN payload ON payload."row number" = objects_1."parent number"
), written_1 AS (
  INSERT INTO public.reviews (stars, public, author_id, film_id)
  SELECT payload_1.stars AS stars, payload_1.public AS public, payload_1.author_id AS author_id, payload_1.film_id AS film_id
  FROM payload_1
  RETURNING public.reviews.id, public.reviews.film_id, public.reviews.author_id, public.reviews.stars, public.reviews.text, public.reviews.public
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected, (
  SELECT count(*) AS count_2
  FROM written_1
  WHERE (EXISTS (
    SELECT 1
    FROM (
      SELECT t1.id AS id, t1.title AS title, t1.year AS year, t1.genre AS genre, t1.rating AS rating, t1.gross AS gross, t1.director_id AS director_id, t1.studio_id AS studio_id, t1.published AS published, t1.details AS details, t1.aliases AS aliases, t1.shown AS shown, t1.words AS words, t1.added_at AS added_at, t1.budget AS budget
      FROM public.films AS t1
      UNION ALL
      SELECT written.id AS id, written.title AS title, written.year AS year, written.genre AS genre, written.rating AS rating, written.gross AS gross, written.director_id AS director_id, written.studio_id AS studio_id, written.published AS published, written.details AS details, written.aliases AS aliases, written.shown AS shown, written.words AS words, written.added_at AS added_at, written.budget AS budget
      FROM written
    ) AS t2
    WHERE written_1.film_id = t2.id AND (t2.published = CAST('true' AS BOOLEAN))
  )) IS NOT true
) AS violations
FROM (
  SELECT written.title AS title, (
    SELECT coalesce(json_agg(t5), '[]') AS anon_1
    FROM (
      SELECT t4.stars AS stars
      FROM (
        SELECT t3.id AS id, t3.film_id AS film_id, t3.author_id AS author_id, t3.stars AS stars, t3.text AS text, t3.public AS public
        FROM public.reviews AS t3
        UNION ALL
        SELECT written_1.id AS id, written_1.film_id AS film_id, written_1.author_id AS author_id, written_1.stars AS stars, written_1.text AS text, written_1.public AS public
        FROM written_1
      ) AS t4
      WHERE written.id = t4.film_id AND (t4.public = CAST('true' AS BOOLEAN))
      LIMIT 1000
    ) AS t5
  ) AS reviews
  FROM written
  WHERE written.published = CAST('true' AS BOOLEAN)
) AS page
