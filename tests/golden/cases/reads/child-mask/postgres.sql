SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.name AS name
  FROM public.studios AS t1
  WHERE (
    SELECT sum(CASE WHEN (CAST($1 AS TEXT) IS NOT NULL AND (EXISTS (
      SELECT 1
      FROM public.reviews AS t4
      WHERE t2.id = t4.film_id AND (t4.author_id = CAST(CAST($1 AS TEXT) AS UUID))
    ))) THEN t2.budget ELSE NULL END) AS sum_1
    FROM public.films AS t2
    WHERE t1.id = t2.studio_id AND (CAST($1 AS TEXT) IS NOT NULL AND (EXISTS (
      SELECT 1
      FROM public.reviews AS t3
      WHERE t2.id = t3.film_id AND (t3.author_id = CAST(CAST($1 AS TEXT) AS UUID))
    )) OR (t2.published = CAST('true' AS BOOLEAN)))
  ) > CAST(CAST($2 AS TEXT) AS numeric)
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS numeric)) >= 0
