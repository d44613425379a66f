SELECT count(*) AS rows, (array_agg(row_to_json(page)))[1] AS body
FROM (
  SELECT t1.id AS id, t1.title AS title
  FROM public.films AS t1
  WHERE (t1.published = CAST('true' AS BOOLEAN)) AND (t1.id = CAST(CAST($1 AS TEXT) AS INTEGER))
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER)) >= 0
