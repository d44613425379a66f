SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.title AS title, t1.year - t1.year % 10 AS decade
  FROM public.films AS t1
  WHERE (t1.published = CAST('true' AS BOOLEAN)) AND (CASE WHEN (t1.published = CAST('true' AS BOOLEAN)) THEN t1.year - t1.year % 10 ELSE NULL END = CAST(CAST($1 AS TEXT) AS INTEGER))
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER)) >= 0
