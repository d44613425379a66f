WITH objects AS (
  SELECT 1 AS "row number", CAST(CAST($1 AS TEXT) AS json) AS "whole object"
), payload AS (
  SELECT objects."row number" AS "row number", record.name AS name, CAST(nextval(pg_get_serial_sequence('"public"."directors"', 'id')) AS INTEGER) AS id
  FROM objects
  JOIN json_to_record(objects."whole object") AS record(name TEXT) ON true
), written AS (
  INSERT INTO public.directors (name, id)
  SELECT payload.name AS name, payload.id AS id
  FROM payload
  RETURNING public.directors.id, public.directors.name, public.directors.born, public.directors.mentor_id
), objects_1 AS (
  SELECT row_number() OVER (ORDER BY objects."row number", element.number) AS "row number", objects."row number" AS "parent number", element.value AS "whole object"
  FROM objects
  JOIN json_array_elements(CASE WHEN (json_typeof(objects."whole object" -> 'films') = 'array') THEN objects."whole object" -> 'films' END) WITH ORDINALITY AS element(value, number) ON true
), payload_1 AS (
  SELECT objects_1."row number" AS "row number", record.title AS title, record.year AS year, payload.id AS director_id, CAST(nextval(pg_get_serial_sequence('"public"."films"', 'id')) AS INTEGER) AS id
  FROM objects_1
  JOIN json_to_record(objects_1."whole object") AS record(title TEXT, year INTEGER) ON true
  JOIN payload ON payload."row number" = objects_1."parent number"
), written_1 AS (
  INSERT INTO public.films (title, year, director_id, id)
  SELECT payload_1.title AS title, payload_1.year AS year, payload_1.director_id AS director_id, payload_1.id AS id
  FROM payload_1
  RETURNING public.films.id, public.films.title, public.films.year, public.films.genre, public.films.rating, public.films.gross, public.films.director_id, public.films.studio_id, public.films.published, public.films.details, public.films.aliases, public.films.shown, public.films.words, public.films.added_at, public.films.budget
), objects_2 AS (
  SELECT row_number() OVER (ORDER BY objects_1."row number", element.number) AS "row number", objects_1."row number" AS "parent number", element.value AS "whole object"
  FROM objects_1
  JOIN json_array_elements(CASE WHEN (json_typeof(objects_1."whole object" -> 'castings') = 'array') THEN objects_1."whole object" -> 'castings' END) WITH ORDINALITY AS element(value, number) ON true
), objects_3 AS (
  SELECT objects_2."row number" AS "row number", objects_2."row number" AS "parent number", objects_2."whole object" -> 'actor' AS "whole object"
  FROM objects_2
  WHERE json_typeof(objects_2."whole object" -> 'actor') = 'object'
), payload_3 AS (
  SELECT objects_3."row number" AS "row number", record.name AS name, CAST(nextval(pg_get_serial_sequence('"public"."actors"', 'id')) AS INTEGER) AS id
  FROM objects_3
  JOIN json_to_record(objects_3."whole object") AS record(name TEXT) ON true
), written_3 AS (
  INSERT INTO public.actors (name, id)
  SELECT payload_3.name AS name, payload_3.id AS id
  FROM payload_3
  RETURNING public.actors.id, public.actors.name
), payload_2 AS (
  SELECT objects_2."row number" AS "row number", record.part AS part, payload_1.id AS film_id, payload_3.id AS actor_id
  FROM objects_2
  JOIN json_to_record(objects_2."whole object") AS record(part TEXT) ON true
  JOIN payload_1 ON payload_1."row number" = objects_2."parent number"
  LEFT OUTER JOIN payload_3 ON payload_3."row number" = objects_2."row number"
), written_2 AS (
  INSERT INTO public.castings (part, film_id, actor_id)
  SELECT payload_2.part AS part, payload_2.film_id AS film_id, payload_2.actor_id AS actor_id
  FROM payload_2
  RETURNING public.castings.film_id, public.castings.actor_id, public.castings.part
), objects_4 AS (
  SELECT row_number() OVER (ORDER BY objects_2."row number", element.number) AS "row number", objects_2."row number" AS "parent number", element.value AS "whole object"
  FROM objects_2
  JOIN json_array_elements(CASE WHEN (json_typeof(objects_2."whole object" -> 'lines') = 'array') THEN objects_2."whole object" -> 'lines' END) WITH ORDINALITY AS element(value, number) ON true
), payload_4 AS (
  SELECT objects_4."row number" AS "row number", record.words AS words, payload_2.film_id AS film_id, payload_2.actor_id AS actor_id
  FROM objects_4
  JOIN json_to_record(objects_4."whole object") AS record(words TEXT) ON true
  JOIN payload_2 ON payload_2."row number" = objects_4."parent number"
), written_4 AS (
  INSERT INTO public.lines (words, film_id, actor_id)
  SELECT payload_4.words AS words, payload_4.film_id AS film_id, payload_4.actor_id AS actor_id
  FROM payload_4
  RETURNING public.lines.id, public.lines.film_id, public.lines.actor_id, public.lines.words
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.name AS name, (
    SELECT coalesce(json_agg(t12), '[]') AS anon_1
    FROM (
      SELECT t2.title AS title, (
        SELECT coalesce(json_agg(t11), '[]') AS anon_2
        FROM (
          SELECT t4.part AS part, (
            SELECT row_to_json(t7) AS anon_3
            FROM (
              SELECT t6.name AS name
              FROM (
                SELECT t5.id AS id, t5.name AS name
                FROM public.actors AS t5
                UNION ALL
                SELECT written_3.id AS id, written_3.name AS name
                FROM written_3
              ) AS t6
              WHERE t4.actor_id = t6.id
              LIMIT 1
            ) AS t7
          ) AS actor, (
            SELECT coalesce(json_agg(t10), '[]') AS anon_4
            FROM (
              SELECT t9.words AS words
              FROM (
                SELECT t8.id AS id, t8.film_id AS film_id, t8.actor_id AS actor_id, t8.words AS words
                FROM public.lines AS t8
                UNION ALL
                SELECT written_4.id AS id, written_4.film_id AS film_id, written_4.actor_id AS actor_id, written_4.words AS words
                FROM written_4
              ) AS t9
              WHERE t4.film_id = t9.film_id AND t4.actor_id = t9.actor_id
              LIMIT 1000
            ) AS t10
          ) AS lines
          FROM (
            SELECT t3.film_id AS film_id, t3.actor_id AS actor_id, t3.part AS part
            FROM public.castings AS t3
            UNION ALL
            SELECT written_2.film_id AS film_id, written_2.actor_id AS actor_id, written_2.part AS part
            FROM written_2
          ) AS t4
          WHERE t2.id = t4.film_id
          LIMIT 1000
        ) AS t11
      ) AS castings
      FROM (
        SELECT t1.id AS id, t1.title AS title, t1.year AS year, t1.genre AS genre, t1.rating AS rating, t1.gross AS gross, t1.director_id AS director_id, t1.studio_id AS studio_id, t1.published AS published, t1.details AS details, t1.aliases AS aliases, t1.shown AS shown, t1.words AS words, t1.added_at AS added_at, t1.budget AS budget
        FROM public.films AS t1
        UNION ALL
        SELECT written_1.id AS id, written_1.title AS title, written_1.year AS year, written_1.genre AS genre, written_1.rating AS rating, written_1.gross AS gross, written_1.director_id AS director_id, written_1.studio_id AS studio_id, written_1.published AS published, written_1.details AS details, written_1.aliases AS aliases, written_1.shown AS shown, written_1.words AS words, written_1.added_at AS added_at, written_1.budget AS budget
        FROM written_1
      ) AS t2
      WHERE written.id = t2.director_id
      LIMIT 1000
    ) AS t12
  ) AS films
  FROM written
) AS page
