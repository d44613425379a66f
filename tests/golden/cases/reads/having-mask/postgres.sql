SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.genre AS genre
  FROM public.films AS t1
  WHERE CAST($1 AS TEXT) IS NOT NULL AND (EXISTS (
    SELECT 1
    FROM public.reviews AS t2
    WHERE t1.id = t2.film_id AND (t2.author_id = CAST(CAST($1 AS TEXT) AS UUID))
  )) OR (t1.published = CAST('true' AS BOOLEAN))
  GROUP BY t1.genre
  HAVING sum(CASE WHEN (CAST($1 AS TEXT) IS NOT NULL AND (EXISTS (
    SELECT 1
    FROM public.reviews AS t3
    WHERE t1.id = t3.film_id AND (t3.author_id = CAST(CAST($1 AS TEXT) AS UUID))
  ))) THEN t1.budget ELSE NULL END) > CAST(CAST($2 AS TEXT) AS numeric)
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS numeric)) >= 0
