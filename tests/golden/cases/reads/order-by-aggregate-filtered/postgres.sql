SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.genre AS genre, count(*) AS n
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  GROUP BY t1.genre
  ORDER BY count(t1.id) FILTER (WHERE t1.year > CAST(CAST($1 AS TEXT) AS INTEGER)) DESC, max(t1.year) ASC
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER)) >= 0
