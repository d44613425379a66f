SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.director_id AS director_id
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  GROUP BY t1.director_id
  HAVING count(*) FILTER (WHERE t1.year > CAST(CAST($1 AS TEXT) AS INTEGER)) >= CAST(CAST($2 AS TEXT) AS bigint)
  ORDER BY t1.director_id ASC
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER), CAST(CAST($2 AS TEXT) AS bigint)) >= 0
