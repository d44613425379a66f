SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.genre AS genre, count(*) AS count
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  GROUP BY t1.genre
  HAVING count(*) > CAST(CAST($1 AS TEXT) AS bigint)
  ORDER BY t1.genre ASC
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS bigint)) >= 0
