SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.id AS id, t1.public AS public
  FROM public.reviews AS t1
  WHERE CAST($1 AS TEXT) IS NOT NULL AND (t1.author_id = CAST(CAST($1 AS TEXT) AS UUID)) OR (t1.public = CAST('true' AS BOOLEAN))
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
