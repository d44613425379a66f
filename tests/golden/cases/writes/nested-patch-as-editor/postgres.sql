WITH objects AS (
  SELECT 1 AS "row number", CAST(CAST($1 AS TEXT) AS json) AS "whole object"
), written AS (
  UPDATE public.films
  SET title=body.title
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(title TEXT)
  WHERE (public.films.published = CAST('true' AS BOOLEAN)) AND (public.films.id = CAST(CAST($2 AS TEXT) AS INTEGER))
  RETURNING public.films.id, public.films.title, public.films.year, public.films.genre, public.films.rating, public.films.gross, public.films.director_id, public.films.studio_id, public.films.published, public.films.details, public.films.aliases, public.films.shown, public.films.words, public.films.added_at, public.films.budget
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
), objects_2 AS (
  SELECT row_number() OVER (ORDER BY objects."row number", element.number) AS "row number", objects."row number" AS "parent number", element.value AS "whole object"
  FROM objects
  JOIN json_array_elements(CASE WHEN (json_typeof(objects."whole object" -> 'tags') = 'array') THEN objects."whole object" -> 'tags' END) WITH ORDINALITY AS element(value, number) ON true
), payload_2 AS (
  SELECT objects_2."row number" AS "row number", record.id AS id
  FROM objects_2
  JOIN json_to_record(objects_2."whole object") AS record(id INTEGER) ON true
), found_2 AS (
  SELECT t5.id AS id, payload_2."row number" AS "row number"
  FROM payload_2
  JOIN public.tags AS t5 ON t5.id = payload_2.id
), payload_3 AS (
  SELECT keys.id AS film_id, found_2.id AS tag_id
  FROM objects_2
  JOIN keys ON keys."row number" = objects_2."parent number"
  JOIN found_2 ON found_2."row number" = objects_2."row number"
), written_3 AS (
  INSERT INTO public.film_tags (film_id, tag_id)
  SELECT payload_3.film_id AS film_id, payload_3.tag_id AS tag_id
  FROM payload_3
  ON CONFLICT (film_id, tag_id) DO NOTHING
  RETURNING public.film_tags.film_id, public.film_tags.tag_id
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_2
  FROM written
) AS affected, (
  SELECT count(*) AS count_3
  FROM (
    SELECT changed_1.id AS id, changed_1.film_id AS film_id, changed_1.author_id AS author_id, changed_1.stars AS stars, changed_1.text AS text, changed_1.public AS public
    FROM changed_1
  ) AS t1
  WHERE ((t1.stars >= CAST('1' AS INTEGER)) AND (t1.stars <= CAST('5' AS INTEGER))) IS NOT true
) + (
  SELECT count(*) AS count_4
  FROM written_1
  WHERE (EXISTS (
    SELECT 1
    FROM (
      SELECT t2.id AS id, t2.title AS title, t2.year AS year, t2.genre AS genre, t2.rating AS rating, t2.gross AS gross, t2.director_id AS director_id, t2.studio_id AS studio_id, t2.published AS published, t2.details AS details, t2.aliases AS aliases, t2.shown AS shown, t2.words AS words, t2.added_at AS added_at, t2.budget AS budget
      FROM public.films AS t2
      WHERE NOT (EXISTS (
        SELECT 1
        FROM written AS t3
        WHERE t3.id = t2.id
      ))
      UNION ALL
      SELECT written.id AS id, written.title AS title, written.year AS year, written.genre AS genre, written.rating AS rating, written.gross AS gross, written.director_id AS director_id, written.studio_id AS studio_id, written.published AS published, written.details AS details, written.aliases AS aliases, written.shown AS shown, written.words AS words, written.added_at AS added_at, written.budget AS budget
      FROM written
    ) AS t4
    WHERE written_1.film_id = t4.id AND (t4.published = CAST('true' AS BOOLEAN))
  )) IS NOT true
) + ((
  SELECT count(*) AS count_5
  FROM payload_2
) - (
  SELECT count(*) AS count_6
  FROM found_2
)) AS violations
FROM (
  SELECT written.title AS title, (
    SELECT coalesce(json_agg(t9), '[]') AS anon_1
    FROM (
      SELECT t8.id AS id, t8.stars AS stars
      FROM (
        SELECT t6.id AS id, t6.film_id AS film_id, t6.author_id AS author_id, t6.stars AS stars, t6.text AS text, t6.public AS public
        FROM public.reviews AS t6
        WHERE NOT (EXISTS (
          SELECT 1
          FROM changed_1 AS t7
          WHERE t7.id = t6.id AND t7.film_id = t6.film_id
        ))
        UNION ALL
        SELECT written_1.id AS id, written_1.film_id AS film_id, written_1.author_id AS author_id, written_1.stars AS stars, written_1.text AS text, written_1.public AS public
        FROM written_1
        UNION ALL
        SELECT changed_1.id AS id, changed_1.film_id AS film_id, changed_1.author_id AS author_id, changed_1.stars AS stars, changed_1.text AS text, changed_1.public AS public
        FROM changed_1
      ) AS t8
      WHERE written.id = t8.film_id AND (t8.public = CAST('true' AS BOOLEAN))
      LIMIT 1000
    ) AS t9
  ) AS reviews, (
    SELECT coalesce(json_agg(t13), '[]') AS anon_2
    FROM (
      SELECT t10.label AS label
      FROM public.tags AS t10
      JOIN (
        SELECT t11.film_id AS film_id, t11.tag_id AS tag_id
        FROM public.film_tags AS t11
        UNION ALL
        SELECT written_3.film_id AS film_id, written_3.tag_id AS tag_id
        FROM written_3
      ) AS t12 ON t10.id = t12.tag_id
      WHERE written.id = t12.film_id
      LIMIT 1000
    ) AS t13
  ) AS tags
  FROM written
  WHERE written.published = CAST('true' AS BOOLEAN)
) AS page
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS INTEGER)) >= 0
