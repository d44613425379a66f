WITH written AS (
  UPDATE public.films
  SET genre=CASE WHEN (CAST(body."whole object" AS jsonb) ? 'genre') THEN body.genre ELSE NULL END, published=CASE WHEN (CAST(body."whole object" AS jsonb) ? 'published') THEN body.published ELSE true END
  FROM (
    SELECT element.value AS "whole object", record.published AS published, record.genre AS genre
    FROM json_array_elements(json_build_array(CAST(CAST($1 AS TEXT) AS json))) AS element(value)
    JOIN json_to_record(element.value) AS record(published BOOLEAN, genre genre) ON true
  ) AS body
  WHERE public.films.id = CAST(CAST($2 AS TEXT) AS INTEGER)
  RETURNING public.films.genre, public.films.published
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.published AS published, written.genre AS genre
  FROM written
) AS page
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS INTEGER)) >= 0
