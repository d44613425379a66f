SELECT count(*) AS rows, json_strip_nulls(coalesce(json_agg(page), '[]')) AS body
FROM (
  SELECT t1.id AS id, t1.genre AS genre, t1.studio_id AS studio_id
  FROM public.films AS t1
  WHERE (t1.published = CAST('true' AS BOOLEAN)) AND (t1.id = CAST(CAST($1 AS TEXT) AS INTEGER))
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER)) >= 0
