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
  RETURNING public.films.id
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
  RETURNING 1 AS row
), payload_2 AS (
  SELECT payload.id AS film_id, payload_1.id AS tag_id
  FROM objects_1
  JOIN payload ON payload."row number" = objects_1."parent number"
  JOIN payload_1 ON payload_1."row number" = objects_1."row number"
), written_2 AS (
  INSERT INTO public.film_tags (film_id, tag_id)
  SELECT payload_2.film_id AS film_id, payload_2.tag_id AS tag_id
  FROM payload_2
  RETURNING 1 AS row
)
SELECT count(*) AS rows, (
  SELECT row_to_json(key) AS anon_1
  FROM (
    SELECT written.id AS id
    FROM written
    LIMIT 1
  ) AS key
) AS key
FROM written
