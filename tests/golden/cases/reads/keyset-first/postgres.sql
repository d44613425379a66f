SELECT count(*) AS rows, coalesce(json_agg(shown), '[]') AS body, json_agg(page.keyset) -> 1 AS cursor
FROM (
  SELECT t1.id AS c0, t1.year AS c1, json_build_array(CAST(t1.year AS text), CAST(t1.id AS text)) AS keyset
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  ORDER BY t1.year DESC, t1.id ASC
  LIMIT 2
) AS page
JOIN LATERAL (
  SELECT page.c0 AS id, page.c1 AS year
) AS shown ON true
