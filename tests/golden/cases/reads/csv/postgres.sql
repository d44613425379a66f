SELECT count(*) AS rows, concat('id,name,country', E'\n', string_agg(SUBSTRING(CAST(page AS text) FROM '^\((.*)\)$'), E'\n')) AS body
FROM (
  SELECT t1.id AS id, t1.name AS name, t1.country AS country
  FROM public.studios AS t1
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
