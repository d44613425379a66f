SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.title AS title
  FROM public.films AS t1
  WHERE (t1.published = CAST('true' AS BOOLEAN)) AND ((EXISTS (
    SELECT 1
    FROM public.trivia AS t2
    WHERE t1.id = t2.film_id
  )) OR (EXISTS (
    SELECT 1
    FROM public.tags AS t3
    JOIN public.film_tags AS t4 ON t3.id = t4.tag_id
    WHERE t1.id = t4.film_id
  )))
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
