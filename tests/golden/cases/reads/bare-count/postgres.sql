SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT count(*) AS count
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  LIMIT 1000
) AS page
