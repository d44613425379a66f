SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.id AS id
  FROM public.films AS t1
  WHERE (t1.published = CAST('true' AS BOOLEAN)) AND (t1.details ? CAST($1 AS TEXT))
  LIMIT 1000
) AS page
