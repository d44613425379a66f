SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.id AS id, t1.name AS name, t1.country AS country
  FROM public.studios AS t1
  LIMIT 2
) AS page
