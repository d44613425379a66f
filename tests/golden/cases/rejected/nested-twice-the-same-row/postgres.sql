WITH objects AS (
  SELECT element.number AS "row number", element.value AS "whole object"
  FROM json_array_elements(CAST(CAST($1 AS TEXT) AS json)) WITH ORDINALITY AS element(value, number)
), objects_1 AS (
  SELECT objects."row number" AS "row number", objects."row number" AS "parent number", objects."whole object" -> 'director' AS "whole object"
  FROM objects
  WHERE json_typeof(objects."whole object" -> 'director') = 'object'
), payload_1 AS (
  SELECT objects_1."row number" AS "row number", record.id AS id, record.name AS name
  FROM objects_1
  JOIN json_to_record(objects_1."whole object") AS record(id INTEGER, name TEXT) ON true
), written_1 AS (
  INSERT INTO public.directors (id, name)
  SELECT payload_1.id AS id, payload_1.name AS name
  FROM payload_1
  ON CONFLICT (id) DO UPDATE SET name = excluded.name
  RETURNING 1 AS row
), payload AS (
  SELECT objects."row number" AS "row number", record.title AS title, record.year AS year, payload_1.id AS director_id
  FROM objects
  JOIN json_to_record(objects."whole object") AS record(title TEXT, year INTEGER) ON true
  LEFT OUTER JOIN payload_1 ON payload_1."row number" = objects."row number"
), written AS (
  INSERT INTO public.films (title, year, director_id)
  SELECT payload.title AS title, payload.year AS year, payload.director_id AS director_id
  FROM payload
  ON CONFLICT (id) DO UPDATE SET title = excluded.title, year = excluded.year, director_id = excluded.director_id
  RETURNING 1 AS row
)
SELECT count(*) AS rows, (
  SELECT count(*) AS count_1
  FROM written
) - 0 AS inserted
FROM written
