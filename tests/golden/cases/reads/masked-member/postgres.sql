SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.name AS name, CASE WHEN (CAST($1 AS TEXT) IS NOT NULL AND (t1.id = CAST(CAST($1 AS TEXT) AS UUID))) THEN t1.email ELSE NULL END AS email
  FROM public.members AS t1
  ORDER BY t1.name ASC
  LIMIT 1000
) AS page
