SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.genre AS genre, count(*) AS n
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  GROUP BY t1.genre
  HAVING (max(t1.year) > CAST(CAST($1 AS TEXT) AS INTEGER)) OR NOT ((count(*) > CAST(CAST($2 AS TEXT) AS bigint)) AND (avg(t1.rating) >= CAST(CAST($3 AS TEXT) AS numeric)))
  ORDER BY t1.genre ASC
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER), CAST(CAST($2 AS TEXT) AS bigint), CAST(CAST($3 AS TEXT) AS numeric)) >= 0
