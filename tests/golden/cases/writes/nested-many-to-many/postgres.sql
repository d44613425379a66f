WITH objects AS (
  SELECT element.number AS "row number", element.value AS "whole object"
  FROM json_array_elements(CAST(CAST($1 AS TEXT) AS json)) WITH ORDINALITY AS element(value, number)
), payload AS (
  SELECT objects."row number" AS "row number", record.title AS title, record.year AS year, CAST(nextval(pg_get_serial_sequence('"public"."films"', 'id')) AS INTEGER) AS id
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
  JOIN json_array_elements(CASE WHEN (json_typeof(objects."whole object" -> 'tags') = 'array') THEN objects."whole object" -> 'tags' END) WITH ORDINALITY AS element(value, number) ON true
), payload_1 AS (
  SELECT objects_1."row number" AS "row number", record.label AS label, CAST(nextval(pg_get_serial_sequence('"public"."tags"', 'id')) AS INTEGER) AS id
  FROM objects_1
  JOIN json_to_record(objects_1."whole object") AS record(label TEXT) ON true
), written_1 AS (
  INSERT INTO public.tags (label, id)
  SELECT payload_1.label AS label, payload_1.id AS id
  FROM payload_1
  RETURNING public.tags.id, public.tags.label
), payload_2 AS (
  SELECT payload.id AS film_id, payload_1.id AS tag_id
  FROM objects_1
  JOIN payload ON payload."row number" = objects_1."parent number"
  JOIN payload_1 ON payload_1."row number" = objects_1."row number"
), written_2 AS (
  INSERT INTO public.film_tags (film_id, tag_id)
  SELECT payload_2.film_id AS film_id, payload_2.tag_id AS tag_id
  FROM payload_2
  RETURNING public.film_tags.film_id, public.film_tags.tag_id
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.title AS title, (
    SELECT coalesce(json_agg(t5), '[]') AS anon_1
    FROM (
      SELECT t2.label AS label
      FROM (
        SELECT t1.id AS id, t1.label AS label
        FROM public.tags AS t1
        UNION ALL
        SELECT written_1.id AS id, written_1.label AS label
        FROM written_1
      ) AS t2
      JOIN (
        SELECT t3.film_id AS film_id, t3.tag_id AS tag_id
        FROM public.film_tags AS t3
        UNION ALL
        SELECT written_2.film_id AS film_id, written_2.tag_id AS tag_id
        FROM written_2
      ) AS t4 ON t2.id = t4.tag_id
      WHERE written.id = t4.film_id
      LIMIT 1000
    ) AS t5
  ) AS tags
  FROM written
) AS page
