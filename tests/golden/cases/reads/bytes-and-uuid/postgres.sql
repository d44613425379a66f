SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.id AS id, t1.name AS name, t1.email AS email, t1.photo AS photo
  FROM public.members AS t1
  WHERE t1.id = CAST(CAST($1 AS TEXT) AS UUID)
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS UUID)) >= 0
