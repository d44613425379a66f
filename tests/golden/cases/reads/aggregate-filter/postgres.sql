SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT count(*) AS total, count(*) FILTER (WHERE t1.year > CAST(CAST($1 AS TEXT) AS INTEGER)) AS late, CAST(max(t1.rating) FILTER (WHERE t1.genre = ANY (CAST(CAST($2 AS TEXT) AS genre[]))) AS integer) AS best
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER), CAST(CAST($2 AS TEXT) AS genre[])) >= 0
