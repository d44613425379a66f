SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT CAST((
    SELECT row_to_json(t3) AS anon_1
    FROM (
      SELECT t2.name AS name
      FROM public.directors AS t2
      WHERE t1.director_id = t2.id
      LIMIT 1
    ) AS t3
  ) AS jsonb) AS director, max(t1.year) AS max
  FROM public.films AS t1
  WHERE (t1.published = CAST('true' AS BOOLEAN)) AND (t1.director_id = CAST(CAST($1 AS TEXT) AS INTEGER))
  GROUP BY CAST((
    SELECT row_to_json(t3) AS anon_1
    FROM (
      SELECT t2.name AS name
      FROM public.directors AS t2
      WHERE t1.director_id = t2.id
      LIMIT 1
    ) AS t3
  ) AS jsonb)
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER)) >= 0
