WITH objects AS (
  SELECT element.number AS "row number", element.value AS "whole object"
  FROM json_array_elements(CAST(CAST($1 AS TEXT) AS json)) WITH ORDINALITY AS element(value, number)
), payload AS (
  SELECT objects."row number" AS "row number", CASE WHEN (CAST(objects."whole object" AS jsonb) ? 'title') THEN record.title ELSE NULL END AS title, CASE WHEN (CAST(objects."whole object" AS jsonb) ? 'year') THEN record.year ELSE NULL END AS year, CAST(nextval(pg_get_serial_sequence('"public"."films"', 'id')) AS INTEGER) AS id
  FROM objects
  JOIN json_to_record(objects."whole object") AS record(title TEXT, year INTEGER) ON true
), written AS (
  INSERT INTO public.films (title, year, id)
  SELECT payload.title AS title, payload.year AS year, payload.id AS id
  FROM payload
  RETURNING public.films.id, public.films.title, public.films.year, public.films.genre, public.films.rating, public.films.gross, public.films.director_id, public.films.studio_id, public.films.published, public.films.details, public.films.aliases, public.films.shown, public.films.words, public.films.added_at, public.films.budget
), objects_1 AS (
  SELECT row_number() OVER (ORDER BY objects."row number", element.number) AS "row number", objects."row number" AS "parent number", element.value AS "whole object"
  FROM objects
  JOIN json_array_elements(CASE WHEN (json_typeof(objects."whole object" -> 'reviews') = 'array') THEN objects."whole object" -> 'reviews' END) WITH ORDINALITY AS element(value, number) ON true
), payload_1 AS (
  SELECT objects_1."row number" AS "row number", CASE WHEN (CAST(objects_1."whole object" AS jsonb) ? 'stars') THEN record.stars ELSE NULL END AS stars, CASE WHEN (CAST(objects_1."whole object" AS jsonb) ? 'author_id') THEN record.author_id ELSE NULL END AS author_id, CASE WHEN (CAST(objects_1."whole object" AS jsonb) ? 'text') THEN record.text ELSE NULL END AS text, CASE WHEN (CAST(objects_1."whole object" AS jsonb) ? 'public') THEN record.public ELSE false END AS public, payload.id AS film_id
  FROM objects_1
  JOIN json_to_record(objects_1."whole object") AS record(stars INTEGER, author_id UUID, text TEXT, public BOOLEAN) ON true
  JOIN payload ON payload."row number" = objects_1."parent number"
), written_1 AS (
  INSERT INTO public.reviews (stars, author_id, text, public, film_id)
  SELECT payload_1.stars AS stars, payload_1.author_id AS author_id, payload_1.text AS text, payload_1.public AS public, payload_1.film_id AS film_id
  FROM payload_1
  RETURNING public.reviews.id, public.reviews.film_id, public.reviews.author_id, public.reviews.stars, public.reviews.text, public.reviews.public
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.title AS title, written.published AS published, (
    SELECT coalesce(json_agg(t3), '[]') AS anon_1
    FROM (
      SELECT t2.stars AS stars, t2.text AS text
      FROM (
        SELECT t1.id AS id, t1.film_id AS film_id, t1.author_id AS author_id, t1.stars AS stars, t1.text AS text, t1.public AS public
        FROM public.reviews AS t1
        UNION ALL
        SELECT written_1.id AS id, written_1.film_id AS film_id, written_1.author_id AS author_id, written_1.stars AS stars, written_1.text AS text, written_1.public AS public
        FROM written_1
      ) AS t2
      WHERE written.id = t2.film_id
      LIMIT 1000
    ) AS t3
  ) AS reviews
  FROM written
) AS page
