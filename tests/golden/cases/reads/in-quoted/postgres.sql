SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.id AS id
  FROM public.actors AS t1
  WHERE t1.name = ANY (CAST(CAST($1 AS TEXT) AS text[]))
  LIMIT 1000
) AS page
