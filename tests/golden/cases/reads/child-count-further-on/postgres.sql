SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.id AS id
  FROM public.films AS t1
  WHERE (t1.published = CAST('true' AS BOOLEAN)) AND (EXISTS (
    SELECT 1
    FROM public.directors AS t2
    WHERE t1.director_id = t2.id AND ((
      SELECT count(*) AS count_1
      FROM public.directors AS t3
      WHERE t2.id = t3.mentor_id
    ) >= CAST(CAST($1 AS TEXT) AS bigint))
  ))
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS bigint)) >= 0
