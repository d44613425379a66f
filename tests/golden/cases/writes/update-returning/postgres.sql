WITH written AS (
  UPDATE public.films
  SET year=body.year, director_id=body.director_id
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(year INTEGER, director_id INTEGER)
  WHERE public.films.id = CAST(CAST($2 AS TEXT) AS INTEGER)
  RETURNING public.films.id, public.films.year, public.films.director_id
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.id AS id, written.year AS year, (
    SELECT row_to_json(t2) AS anon_1
    FROM (
      SELECT t1.name AS name
      FROM public.directors AS t1
      WHERE written.director_id = t1.id
      LIMIT 1
    ) AS t2
  ) AS director
  FROM written
) AS page
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS INTEGER)) >= 0
