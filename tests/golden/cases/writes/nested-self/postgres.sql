WITH objects AS (
  SELECT 1 AS "row number", CAST(CAST($1 AS TEXT) AS json) AS "whole object"
), objects_1 AS (
  SELECT objects."row number" AS "row number", objects."row number" AS "parent number", objects."whole object" -> 'mentor' AS "whole object"
  FROM objects
  WHERE json_typeof(objects."whole object" -> 'mentor') = 'object'
), payload_1 AS (
  SELECT objects_1."row number" AS "row number", record.name AS name, CAST(nextval(pg_get_serial_sequence('"public"."directors"', 'id')) AS INTEGER) AS id
  FROM objects_1
  JOIN json_to_record(objects_1."whole object") AS record(name TEXT) ON true
), written_1 AS (
  INSERT INTO public.directors (name, id)
  SELECT payload_1.name AS name, payload_1.id AS id
  FROM payload_1
  RETURNING public.directors.id, public.directors.name, public.directors.born, public.directors.mentor_id
), payload AS (
  SELECT objects."row number" AS "row number", record.name AS name, payload_1.id AS mentor_id, CAST(nextval(pg_get_serial_sequence('"public"."directors"', 'id')) AS INTEGER) AS id
  FROM objects
  JOIN json_to_record(objects."whole object") AS record(name TEXT) ON true
  LEFT OUTER JOIN payload_1 ON payload_1."row number" = objects."row number"
), written AS (
  INSERT INTO public.directors (name, mentor_id, id)
  SELECT payload.name AS name, payload.mentor_id AS mentor_id, payload.id AS id
  FROM payload
  RETURNING public.directors.id, public.directors.name, public.directors.born, public.directors.mentor_id
), objects_2 AS (
  SELECT row_number() OVER (ORDER BY objects."row number", element.number) AS "row number", objects."row number" AS "parent number", element.value AS "whole object"
  FROM objects
  JOIN json_array_elements(CASE WHEN (json_typeof(objects."whole object" -> 'pupils') = 'array') THEN objects."whole object" -> 'pupils' END) WITH ORDINALITY AS element(value, number) ON true
), payload_2 AS (
  SELECT objects_2."row number" AS "row number", record.name AS name, payload.id AS mentor_id
  FROM objects_2
  JOIN json_to_record(objects_2."whole object") AS record(name TEXT) ON true
  JOIN payload ON payload."row number" = objects_2."parent number"
), written_2 AS (
  INSERT INTO public.directors (name, mentor_id)
  SELECT payload_2.name AS name, payload_2.mentor_id AS mentor_id
  FROM payload_2
  RETURNING public.directors.id, public.directors.name, public.directors.born, public.directors.mentor_id
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.name AS name, (
    SELECT row_to_json(t3) AS anon_1
    FROM (
      SELECT t2.name AS name
      FROM (
        SELECT t1.id AS id, t1.name AS name, t1.born AS born, t1.mentor_id AS mentor_id
        FROM public.directors AS t1
        UNION ALL
        SELECT written_1.id AS id, written_1.name AS name, written_1.born AS born, written_1.mentor_id AS mentor_id
        FROM written_1
        UNION ALL
        SELECT written.id AS id, written.name AS name, written.born AS born, written.mentor_id AS mentor_id
        FROM written
        UNION ALL
        SELECT written_2.id AS id, written_2.name AS name, written_2.born AS born, written_2.mentor_id AS mentor_id
        FROM written_2
      ) AS t2
      WHERE written.mentor_id = t2.id
      LIMIT 1
    ) AS t3
  ) AS mentor, (
    SELECT coalesce(json_agg(t6), '[]') AS anon_2
    FROM (
      SELECT t5.name AS name
      FROM (
        SELECT t4.id AS id, t4.name AS name, t4.born AS born, t4.mentor_id AS mentor_id
        FROM public.directors AS t4
        UNION ALL
        SELECT written_1.id AS id, written_1.name AS name, written_1.born AS born, written_1.mentor_id AS mentor_id
        FROM written_1
        UNION ALL
        SELECT written.id AS id, written.name AS name, written.born AS born, written.mentor_id AS mentor_id
        FROM written
        UNION ALL
        SELECT written_2.id AS id, written_2.name AS name, written_2.born AS born, written_2.mentor_id AS mentor_id
        FROM written_2
      ) AS t5
      WHERE written.id = t5.mentor_id
      LIMIT 1000
    ) AS t6
  ) AS pupils
  FROM written
) AS page
