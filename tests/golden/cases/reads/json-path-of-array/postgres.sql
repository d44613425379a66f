SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT to_jsonb(t1.aliases) ->> 0 AS first
  FROM public.films AS t1
  WHERE (t1.published = CAST('true' AS BOOLEAN)) AND (t1.id = CAST(CAST($1 AS TEXT) AS INTEGER))
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER)) >= 0
