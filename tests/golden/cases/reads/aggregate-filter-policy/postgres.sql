SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT count(*) AS n, count(*) FILTER (WHERE t1.stars < CAST(CAST($1 AS TEXT) AS INTEGER)) AS low
  FROM public.reviews AS t1
  WHERE CAST($2 AS TEXT) IS NOT NULL AND (t1.author_id = CAST(CAST($2 AS TEXT) AS UUID)) OR (t1.public = CAST('true' AS BOOLEAN))
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER)) >= 0
