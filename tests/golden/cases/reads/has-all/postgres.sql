SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.id AS id
  FROM public.films AS t1
  WHERE (t1.published = CAST('true' AS BOOLEAN)) AND (t1.details ?& CAST(CAST($1 AS TEXT) AS text[]))
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS text[])) >= 0
