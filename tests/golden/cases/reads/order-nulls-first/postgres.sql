SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.id AS id, t1.studio_id AS studio_id
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  ORDER BY t1.studio_id ASC NULLS FIRST, t1.id ASC
  LIMIT 1000
) AS page
