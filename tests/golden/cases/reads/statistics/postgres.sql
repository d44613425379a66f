SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.genre AS genre, var_pop(t1.year) AS v, stddev_samp(t1.year) AS s, bool_and(t1.published) AS "all"
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  GROUP BY t1.genre
  ORDER BY t1.genre ASC
  LIMIT 1000
) AS page
