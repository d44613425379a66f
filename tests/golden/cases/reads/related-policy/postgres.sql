SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.id AS id
  FROM public.films AS t1
  WHERE (t1.published = CAST('true' AS BOOLEAN)) AND (EXISTS (
    SELECT 1
    FROM public.reviews AS t2
    WHERE t1.id = t2.film_id AND (CAST($1 AS TEXT) IS NOT NULL AND (t2.author_id = CAST(CAST($1 AS TEXT) AS UUID)) OR (t2.public = CAST('true' AS BOOLEAN))) AND (t2.stars < CAST(CAST($2 AS TEXT) AS INTEGER))
  ))
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS INTEGER)) >= 0
