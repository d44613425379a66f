SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.title AS title
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  ORDER BY t1.id ASC
  LIMIT 1
) AS page
