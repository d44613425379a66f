SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT
  FROM public.studios AS t1
  LIMIT 2
) AS page
