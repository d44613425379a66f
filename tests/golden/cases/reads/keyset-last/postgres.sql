SELECT count(*) AS rows, coalesce(json_agg(shown), '[]') AS body, json_agg(page.keyset) -> 8 AS cursor
FROM (
  SELECT t1.name AS c0, json_build_array(CAST(t1.id AS text)) AS keyset
  FROM public.studios AS t1
  ORDER BY t1.id ASC
  LIMIT 9
) AS page
JOIN LATERAL (
  SELECT page.c0 AS name
) AS shown ON true
