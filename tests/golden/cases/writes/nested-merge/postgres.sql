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
  RETURNING public.directors.id, public.directors.name, public.directors.born, public.directors.mentor_id
), payload AS (
  SELECT objects."row number" AS "row number", record.id AS id, record.title AS title, record.year AS year, payload_1.id AS director_id
  FROM objects
  JOIN json_to_record(objects."whole object") AS record(id INTEGER, title TEXT, year INTEGER) ON true
  LEFT OUTER JOIN payload_1 ON payload_1."row number" = objects."row number"
), written AS (
  INSERT INTO public.films (id, title, year, director_id)
  SELECT payload.id AS id, payload.title AS title, payload.year AS year, payload.director_id AS director_id
  FROM payload
  ON CONFLICT (id) DO UPDATE SET title = excluded.title, year = excluded.year, director_id = excluded.director_id
  RETURNING public.films.id, public.films.title, public.films.year, public.films.genre, public.films.rating, public.films.gross, public.films.director_id, public.films.studio_id, public.films.published, public.films.details, public.films.aliases, public.films.shown, public.films.words, public.films.added_at, public.films.budget
), objects_2 AS (
  SELECT row_number() OVER (ORDER BY objects."row number", element.number) AS "row number", objects."row number" AS "parent number", element.value AS "whole object"
  FROM objects
  JOIN json_array_elements(CASE WHEN (json_typeof(objects."whole object" -> 'tags') = 'array') THEN objects."whole object" -> 'tags' END) WITH ORDINALITY AS element(value, number) ON true
), payload_2 AS (
  SELECT objects_2."row number" AS "row number", record.id AS id, record.label AS label
  FROM objects_2
  JOIN json_to_record(objects_2."whole object") AS record(id INTEGER, label TEXT) ON true
), written_2 AS (
  INSERT INTO public.tags (id, label)
  SELECT payload_2.id AS id, payload_2.label AS label
  FROM payload_2
  ON CONFLICT (id) DO UPDATE SET label = excluded.label
  RETURNING public.tags.id, public.tags.label
), payload_3 AS (
  SELECT payload.id AS film_id, payload_2.id AS tag_id
  FROM objects_2
  JOIN payload ON payload."row number" = objects_2."parent number"
  JOIN payload_2 ON payload_2."row number" = objects_2."row number"
), written_3 AS (
  INSERT INTO public.film_tags (film_id, tag_id)
  SELECT payload_3.film_id AS film_id, payload_3.tag_id AS tag_id
  FROM payload_3
  ON CONFLICT (film_id, tag_id) DO NOTHING
  RETURNING public.film_tags.film_id, public.film_tags.tag_id
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected, (
  SELECT count(*) AS count_2
  FROM written
) - (
  SELECT count(*) AS count_3
  FROM payload
  WHERE EXISTS (
    SELECT 1
    FROM public.films AS t1
    WHERE t1.id = payload.id
  )
) AS inserted
FROM (
  SELECT written.id AS id, written.title AS title, (
    SELECT row_to_json(t5) AS anon_1
    FROM (
      SELECT t4.name AS name
      FROM (
        SELECT t2.id AS id, t2.name AS name, t2.born AS born, t2.mentor_id AS mentor_id
        FROM public.directors AS t2
        WHERE NOT (EXISTS (
          SELECT 1
          FROM written_1 AS t3
          WHERE t3.id = t2.id
        ))
        UNION ALL
        SELECT written_1.id AS id, written_1.name AS name, written_1.born AS born, written_1.mentor_id AS mentor_id
        FROM written_1
      ) AS t4
      WHERE written.director_id = t4.id
      LIMIT 1
    ) AS t5
  ) AS director, (
    SELECT coalesce(json_agg(t11), '[]') AS anon_2
    FROM (
      SELECT t8.id AS id, t8.label AS label
      FROM (
        SELECT t6.id AS id, t6.label AS label
        FROM public.tags AS t6
        WHERE NOT (EXISTS (
          SELECT 1
          FROM written_2 AS t7
          WHERE t7.id = t6.id
        ))
        UNION ALL
        SELECT written_2.id AS id, written_2.label AS label
        FROM written_2
      ) AS t8
      JOIN (
        SELECT t9.film_id AS film_id, t9.tag_id AS tag_id
        FROM public.film_tags AS t9
        UNION ALL
        SELECT written_3.film_id AS film_id, written_3.tag_id AS tag_id
        FROM written_3
      ) AS t10 ON t8.id = t10.tag_id
      WHERE written.id = t10.film_id
      LIMIT 1000
    ) AS t11
  ) AS tags
  FROM written
) AS page
