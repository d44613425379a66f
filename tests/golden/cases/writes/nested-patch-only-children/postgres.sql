WITH objects AS (
  SELECT 1 AS "row number", CAST(CAST($1 AS TEXT) AS json) AS "whole object"
), objects_1 AS (
  SELECT objects."row number" AS "row number", objects."row number" AS "parent number", objects."whole object" -> 'director' AS "whole object"
  FROM objects
  WHERE json_typeof(objects."whole object" -> 'director') = 'object'
), payload_1 AS (
  SELECT objects_1."row number" AS "row number", record.id AS id, record.name AS name
  FROM objects_1
  JOIN json_to_record(objects_1."whole object") AS record(id INTEGER, name TEXT) ON true
), changed_1 AS (
  UPDATE public.directors
  SET name=payload_1.name
  FROM payload_1
  WHERE public.directors.id = payload_1.id
  RETURNING public.directors.id, public.directors.name, public.directors.born, public.directors.mentor_id, payload_1."row number"
), written_1 AS (
  INSERT INTO public.directors (id, name)
  SELECT payload_1.id AS id, payload_1.name AS name
  FROM payload_1
  WHERE NOT (EXISTS (
    SELECT 1
    FROM changed_1
    WHERE changed_1."row number" = payload_1."row number"
  ))
  RETURNING public.directors.id, public.directors.name, public.directors.born, public.directors.mentor_id
), keys_1 AS (
  SELECT payload_1."row number" AS "row number", CASE WHEN (changed_1."row number" IS NOT NULL) THEN changed_1.id ELSE payload_1.id END AS id
  FROM payload_1
  LEFT OUTER JOIN changed_1 ON changed_1."row number" = payload_1."row number"
), written AS (
  UPDATE public.films
  SET director_id=(
    SELECT keys_1.id
    FROM keys_1
  )
  WHERE public.films.id = CAST(CAST($2 AS TEXT) AS INTEGER)
  RETURNING public.films.id, public.films.title, public.films.year, public.films.genre, public.films.rating, public.films.gross, public.films.director_id, public.films.studio_id, public.films.published, public.films.details, public.films.aliases, public.films.shown, public.films.words, public.films.added_at, public.films.budget
), keys AS (
  SELECT 1 AS "row number", written.id AS id
  FROM written
  WHERE (
    SELECT count(*) AS count_1
    FROM written
  ) = 1
), objects_2 AS (
  SELECT objects."row number" AS "row number", objects."row number" AS "parent number", objects."whole object" -> 'trivia' AS "whole object"
  FROM objects
  WHERE json_typeof(objects."whole object" -> 'trivia') = 'object'
), payload_2 AS (
  SELECT objects_2."row number" AS "row number", record.fact AS fact, keys.id AS film_id
  FROM objects_2
  JOIN json_to_record(objects_2."whole object") AS record(fact TEXT) ON true
  JOIN keys ON keys."row number" = objects_2."parent number"
), changed_2 AS (
  UPDATE public.trivia
  SET fact=payload_2.fact
  FROM payload_2
  WHERE public.trivia.film_id = payload_2.film_id
  RETURNING public.trivia.film_id, public.trivia.fact, payload_2."row number"
), written_2 AS (
  INSERT INTO public.trivia (fact, film_id)
  SELECT payload_2.fact AS fact, payload_2.film_id AS film_id
  FROM payload_2
  WHERE NOT (EXISTS (
    SELECT 1
    FROM changed_2
    WHERE changed_2."row number" = payload_2."row number"
  ))
  RETURNING public.trivia.film_id, public.trivia.fact
), objects_3 AS (
  SELECT row_number() OVER (ORDER BY objects."row number", element.number) AS "row number", objects."row number" AS "parent number", element.value AS "whole object"
  FROM objects
  JOIN json_array_elements(CASE WHEN (json_typeof(objects."whole object" -> 'tags') = 'array') THEN objects."whole object" -> 'tags' END) WITH ORDINALITY AS element(value, number) ON true
), payload_3 AS (
  SELECT objects_3."row number" AS "row number", record.id AS id
  FROM objects_3
  JOIN json_to_record(objects_3."whole object") AS record(id INTEGER) ON true
), found_3 AS (
  SELECT t1.id AS id, payload_3."row number" AS "row number"
  FROM payload_3
  JOIN public.tags AS t1 ON t1.id = payload_3.id
), written_3 AS (
  INSERT INTO public.tags (id)
  SELECT payload_3.id AS id
  FROM payload_3
  WHERE NOT (EXISTS (
    SELECT 1
    FROM found_3
    WHERE found_3."row number" = payload_3."row number"
  ))
  RETURNING public.tags.id, public.tags.label
), keys_3 AS (
  SELECT payload_3."row number" AS "row number", CASE WHEN (found_3."row number" IS NOT NULL) THEN found_3.id ELSE payload_3.id END AS id
  FROM payload_3
  LEFT OUTER JOIN found_3 ON found_3."row number" = payload_3."row number"
), payload_4 AS (
  SELECT keys.id AS film_id, keys_3.id AS tag_id
  FROM objects_3
  JOIN keys ON keys."row number" = objects_3."parent number"
  JOIN keys_3 ON keys_3."row number" = objects_3."row number"
), written_4 AS (
  INSERT INTO public.film_tags (film_id, tag_id)
  SELECT payload_4.film_id AS film_id, payload_4.tag_id AS tag_id
  FROM payload_4
  ON CONFLICT (film_id, tag_id) DO NOTHING
  RETURNING public.film_tags.film_id, public.film_tags.tag_id
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_2
  FROM written
) AS affected
FROM (
  SELECT written.title AS title, (
    SELECT row_to_json(t5) AS anon_1
    FROM (
      SELECT t4.name AS name
      FROM (
        SELECT t2.id AS id, t2.name AS name, t2.born AS born, t2.mentor_id AS mentor_id
        FROM public.directors AS t2
        WHERE NOT (EXISTS (
          SELECT 1
          FROM changed_1 AS t3
          WHERE t3.id = t2.id
        ))
        UNION ALL
        SELECT written_1.id AS id, written_1.name AS name, written_1.born AS born, written_1.mentor_id AS mentor_id
        FROM written_1
        UNION ALL
        SELECT changed_1.id AS id, changed_1.name AS name, changed_1.born AS born, changed_1.mentor_id AS mentor_id
        FROM changed_1
      ) AS t4
      WHERE written.director_id = t4.id
      LIMIT 1
    ) AS t5
  ) AS director, (
    SELECT row_to_json(t9) AS anon_2
    FROM (
      SELECT t8.fact AS fact
      FROM (
        SELECT t6.film_id AS film_id, t6.fact AS fact
        FROM public.trivia AS t6
        WHERE NOT (EXISTS (
          SELECT 1
          FROM changed_2 AS t7
          WHERE t7.film_id = t6.film_id
        ))
        UNION ALL
        SELECT written_2.film_id AS film_id, written_2.fact AS fact
        FROM written_2
        UNION ALL
        SELECT changed_2.film_id AS film_id, changed_2.fact AS fact
        FROM changed_2
      ) AS t8
      WHERE written.id = t8.film_id
      LIMIT 1
    ) AS t9
  ) AS trivia, (
    SELECT coalesce(json_agg(t14), '[]') AS anon_3
    FROM (
      SELECT t11.id AS id, t11.label AS label
      FROM (
        SELECT t10.id AS id, t10.label AS label
        FROM public.tags AS t10
        UNION ALL
        SELECT written_3.id AS id, written_3.label AS label
        FROM written_3
      ) AS t11
      JOIN (
        SELECT t12.film_id AS film_id, t12.tag_id AS tag_id
        FROM public.film_tags AS t12
        UNION ALL
        SELECT written_4.film_id AS film_id, written_4.tag_id AS tag_id
        FROM written_4
      ) AS t13 ON t11.id = t13.tag_id
      WHERE written.id = t13.film_id
      LIMIT 1000
    ) AS t14
  ) AS tags
  FROM written
) AS page
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS INTEGER)) >= 0
