WITH payload AS (
  SELECT CASE WHEN (CAST(body."whole object" AS jsonb) ? 'title') THEN body.title ELSE NULL END AS title, CASE WHEN (CAST(body."whole object" AS jsonb) ? 'year') THEN body.year ELSE NULL END AS year, CASE WHEN (CAST(body."whole object" AS jsonb) ? 'published') THEN body.published ELSE true END AS published
  FROM (
    SELECT element.value AS "whole object", record.title AS title, record.year AS year, record.published AS published
    FROM json_array_elements(CAST(CAST($1 AS TEXT) AS json)) AS element(value)
    JOIN json_to_record(element.value) AS record(title TEXT, year INTEGER, published BOOLEAN) ON true
  ) AS body
), written AS (
  INSERT INTO public.films (title, year, published)
  SELECT payload.title AS title, payload.year AS year, payload.published AS published
  FROM payload
  RETURNING public.films.title, public.films.published
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.title AS title, written.published AS published
  FROM written
) AS page
