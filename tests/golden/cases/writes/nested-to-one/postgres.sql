WITH objects AS (
  SELECT element.number AS "row number", element.value AS "whole object"
  FROM json_array_elements(CAST(CAST($1 AS TEXT) AS json)) WITH ORDINALITY AS element(value, number)
), objects_1 AS (
  SELECT objects."row number" AS "row number", objects."row number" AS "parent number", objects."whole object" -> 'director' AS "whole object"
  FROM objects
  WHERE json_typeof(objects."whole object" -> 'director') = 'object'
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
  SELECT objects."row number" AS "row number", record.title AS title, record.year AS year, payload_1.id AS director_id
  FROM objects
  JOIN json_to_record(objects."whole object") AS record(title TEXT, year INTEGER) ON true
  LEFT OUTER JOIN payload_1 ON payload_1."row number" = objects."row number"
), written AS (
  INSERT INTO public.films (title, year, director_id)
  SELECT payload.title AS title, payload.year AS year, payload.director_id AS director_id
  FROM payload
  RETURNING public.films.id, public.films.title, public.films.year, public.films.genre, public.films.rating, public.films.gross, public.films.director_id, public.films.studio_id, public.films.published, public.films.details, public.films.aliases, public.films.shown, public.films.words, public.films.added_at, public.films.budget
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.id AS id, written.title AS title, (
    SELECT row_to_json(t3) AS anon_1
    FROM (
      SELECT t2.id AS id, t2.name AS name
      FROM (
        SELECT t1.id AS id, t1.name AS name, t1.born AS born, t1.mentor_id AS mentor_id
        FROM public.directors AS t1
        UNION ALL
        SELECT written_1.id AS id, written_1.name AS name, written_1.born AS born, written_1.mentor_id AS mentor_id
        FROM written_1
      ) AS t2
      WHERE written.director_id = t2.id
      LIMIT 1
    ) AS t3
  ) AS director
  FROM written
) AS page
