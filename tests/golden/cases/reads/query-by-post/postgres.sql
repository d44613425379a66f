SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.title AS title
  FROM public.films AS t1
  WHERE (t1.published = CAST('true' AS BOOLEAN)) AND ((t1.year < CAST(CAST($1 AS TEXT) AS INTEGER)) OR (t1.year > CAST(CAST($2 AS TEXT) AS INTEGER)))
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER), CAST(CAST($2 AS TEXT) AS INTEGER)) >= 0
