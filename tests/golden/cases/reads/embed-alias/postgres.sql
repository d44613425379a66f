SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.name AS name, (
    SELECT coalesce(json_agg(t3), '[]') AS anon_1
    FROM (
      SELECT t2.title AS title
      FROM public.films AS t2
      WHERE t1.id = t2.director_id AND (t2.published = CAST('true' AS BOOLEAN)) AND (t2.year > CAST(CAST($1 AS TEXT) AS INTEGER))
      LIMIT 1000
    ) AS t3
  ) AS work
  FROM public.directors AS t1
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER)) >= 0
