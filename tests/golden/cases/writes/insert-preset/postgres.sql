WITH payload AS (
  SELECT body.film_id AS film_id, body.stars AS stars, CAST(CAST($1 AS TEXT) AS UUID) AS author_id
  FROM json_to_record(CAST(CAST($2 AS TEXT) AS json)) AS body(film_id INTEGER, stars INTEGER)
), written AS (
  INSERT INTO public.reviews (film_id, stars, author_id)
  SELECT payload.film_id AS film_id, payload.stars AS stars, payload.author_id AS author_id
  FROM payload
  RETURNING public.reviews.film_id, public.reviews.author_id, public.reviews.stars, public.reviews.public
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected, (
  SELECT count(*) AS count_2
  FROM written
  WHERE (CAST($1 AS TEXT) IS NOT NULL AND (EXISTS (
    SELECT 1
    FROM public.films AS t1
    WHERE written.film_id = t1.id AND (t1.published = CAST('true' AS BOOLEAN))
  ))) IS NOT true
) AS violations
FROM (
  SELECT written.author_id AS author_id, written.stars AS stars, (
    SELECT row_to_json(t3) AS anon_1
    FROM (
      SELECT t2.title AS title
      FROM public.films AS t2
      WHERE written.film_id = t2.id AND (t2.published = CAST('true' AS BOOLEAN))
      LIMIT 1
    ) AS t3
  ) AS film
  FROM written
  WHERE CAST($1 AS TEXT) IS NOT NULL AND (written.author_id = CAST(CAST($1 AS TEXT) AS UUID)) OR (written.public = CAST('true' AS BOOLEAN))
) AS page
