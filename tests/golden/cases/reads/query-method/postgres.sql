SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM (
    SELECT
    FROM public.films AS t2
    WHERE (t2.published = CAST('true' AS BOOLEAN)) AND (t2.year > CAST(CAST($1 AS TEXT) AS INTEGER))
  ) AS t3
) AS total
FROM (
  SELECT t1.id AS id, t1.title AS title
  FROM public.films AS t1
  WHERE (t1.published = CAST('true' AS BOOLEAN)) AND (t1.year > CAST(CAST($1 AS TEXT) AS INTEGER))
  ORDER BY t1.id ASC
  LIMIT 2
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER)) >= 0
