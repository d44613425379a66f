WITH objects AS (
  SELECT 1 AS "row number", CAST(CAST($1 AS TEXT) AS json) AS "whole object"
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
  SELECT objects."row number" AS "row number", objects."row number" AS "parent number", objects."whole object" -> 'trivia' AS "whole object"
  FROM objects
  WHERE json_typeof(objects."whole object" -> 'trivia') = 'object'
), payload_1 AS (
  SELECT objects_1."row number" AS "row number", record.fact AS fact, payload.id AS film_id
  FROM objects_1
  JOIN json_to_record(objects_1."whole object") AS record(fact TEXT) ON true
  JOIN payload ON payload."row number" = objects_1."parent number"
), written_1 AS (
  INSERT INTO public.trivia (fact, film_id)
  SELECT payload_1.fact AS fact, payload_1.film_id AS film_id
  FROM payload_1
  RETURNING public.trivia.film_id, public.trivia.fact
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.title AS title, (
    SELECT row_to_json(t3) AS anon_1
    FROM (
      SELECT t2.fact AS fact
      FROM (
        SELECT t1.film_id AS film_id, t1.fact AS fact
        FROM public.trivia AS t1
        UNION ALL
        SELECT written_1.film_id AS film_id, written_1.fact AS fact
        FROM written_1
      ) AS t2
      WHERE written.id = t2.film_id
      LIMIT 1
    ) AS t3
  ) AS trivia
  FROM written
) AS page
