SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.title AS title
  FROM public.films AS t1
  WHERE (t1.published = CAST('true' AS BOOLEAN)) AND (t1.title LIKE ANY (CAST(CAST($1 AS TEXT) AS text[])))
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
HAVING num_nulls((
  SELECT count('a' LIKE SUBSTRING(t2 FROM '(?<!\\)(?:\\\\)*(\\)$')) AS count_1
  FROM unnest(CAST(CAST($1 AS TEXT) AS text[])) AS t2
)) >= 0
