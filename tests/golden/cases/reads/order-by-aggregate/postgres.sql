SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.genre AS genre
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  GROUP BY t1.genre
  ORDER BY count(*) DESC, t1.genre ASC
  LIMIT 1000
) AS page
