SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.genre AS genre, count(*) FILTER (WHERE EXISTS (
    SELECT 1
    FROM public.tags AS t2
    JOIN public.film_tags AS t3 ON t2.id = t3.tag_id
    WHERE t1.id = t3.film_id AND (t2.label = CAST($1 AS TEXT))
  )) AS tagged
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  GROUP BY t1.genre
  ORDER BY t1.genre ASC
  LIMIT 1000
) AS page
