SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.genre AS genre
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  GROUP BY t1.genre
  HAVING (stddev(t1.year) > CAST(CAST($1 AS TEXT) AS numeric)) AND (bool_or(t1.published) IS true)
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS numeric)) >= 0
