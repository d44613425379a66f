WITH objects AS (
  SELECT 1 AS "row number", CAST(CAST($1 AS TEXT) AS json) AS "whole object"
), written AS (
  SELECT t1.id AS id, t1.title AS title, t1.year AS year, t1.genre AS genre, t1.rating AS rating, t1.gross AS gross, t1.director_id AS director_id, t1.studio_id AS studio_id, t1.published AS published, t1.details AS details, t1.aliases AS aliases, t1.shown AS shown, t1.words AS words, t1.added_at AS added_at, t1.budget AS budget
  FROM public.films AS t1
  WHERE (t1.published = CAST('true' AS BOOLEAN)) AND (t1.id = CAST(CAST($2 AS TEXT) AS INTEGER))
), keys AS (
  SELECT 1 AS "row number", written.id AS id
  FROM written
  WHERE (
    SELECT count(*) AS count_1
    FROM written
  ) = 1
), objects_1 AS (
  SELECT row_number() OVER (ORDER BY objects."row number", element.number) AS "row number", objects."row number" AS "parent number", element.value AS "whole object"
  FROM objects
  JOIN json_array_elements(CASE WHEN (json_typeof(objects."whole object" -> 'reviews') = 'array') THEN objects."whole object" -> 'reviews' END) WITH ORDINALITY AS element(value, number) ON true
), payload_1 AS (
  SELECT objects_1."row number" AS "row number", record.id AS id, record.stars AS stars, keys.id AS film_id
  FROM objects_1
  JOIN json_to_record(objects_1."whole object") AS record(id INTEGER, stars INTEGER) ON true
  JOIN keys ON keys."row number" = objects_1."parent number"
), changed_1 AS (
  UPDATE public.reviews
  SET stars=payload_1.stars
  FROM payload_1
  WHERE public.reviews.id = payload_1.id AND public.reviews.film_id = payload_1.film_id AND (public.reviews.public = CAST('true' AS BOOLEAN)) AND (public.reviews.public = CAST('true' AS BOOLEAN))
  RETURNING public.reviews.id, public.reviews.film_id, public.reviews.author_id, public.reviews.stars, public.reviews.text, public.reviews.public, payload_1."row number"
), written_1 AS (
  INSERT INTO public.reviews (id, stars, film_id)
  SELECT payload_1.id AS id, payload_1.stars AS stars, payload_1.film_id AS film_id
  FROM payload_1
  WHERE NOT (EXISTS (
    SELECT 1
    FROM changed_1
    WHERE changed_1."row number" = payload_1."row number"
  ))
  RETURNING public.reviews.id, public.reviews.film_id, public.reviews.author_id, public.reviews.stars, public.reviews.text, public.reviews.public
)
SELECT count(*) AS rows, (
  SELECT count(*) AS count_2
  FROM (
    SELECT changed_1.id AS id, changed_1.film_id AS film_id, changed_1.author_id AS author_id, changed_1.stars AS stars, changed_1.text AS text, changed_1.public AS public
    FROM changed_1
  ) AS t2
  WHERE ((t2.stars >= CAST('1' AS INTEGER)) AND (t2.stars <= CAST('5' AS INTEGER))) IS NOT true
) + (
  SELECT count(*) AS count_3
  FROM written_1
  WHERE (EXISTS (
    SELECT 1
    FROM public.films AS t3
    WHERE written_1.film_id = t3.id AND (t3.published = CAST('true' AS BOOLEAN))
  )) IS NOT true
) AS violations
FROM written
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS INTEGER)) >= 0
