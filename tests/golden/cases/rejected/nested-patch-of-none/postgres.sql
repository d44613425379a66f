WITH objects AS (
  SELECT 1 AS "row number", CAST(CAST($1 AS TEXT) AS json) AS "whole object"
), written AS (
  UPDATE public.films
  SET year=body.year
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(year INTEGER)
  WHERE public.films.id = CAST(CAST($2 AS TEXT) AS INTEGER)
  RETURNING public.films.id
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
  SELECT keys.id AS film_id, payload_1.id AS tag_id
  FROM objects_1
  JOIN keys ON keys."row number" = objects_1."parent number"
  JOIN payload_1 ON payload_1."row number" = objects_1."row number"
), written_2 AS (
  INSERT INTO public.film_tags (film_id, tag_id)
  SELECT payload_2.film_id AS film_id, payload_2.tag_id AS tag_id
  FROM payload_2
  ON CONFLICT (film_id, tag_id) DO NOTHING
  RETURNING 1 AS row
)
SELECT count(*) AS rows
FROM written
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS INTEGER)) >= 0
