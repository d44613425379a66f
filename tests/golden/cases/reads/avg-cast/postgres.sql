SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT CAST(avg(t1.rating) AS integer) AS avg
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  LIMIT 1000
) AS page
