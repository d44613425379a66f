WITH written AS (
  UPDATE public.films
  SET genre=body.genre
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(genre genre)
  WHERE public.films.year < CAST(CAST($2 AS TEXT) AS INTEGER)
  RETURNING public.films.id
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.id AS id
  FROM written
) AS page
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS INTEGER)) >= 0
