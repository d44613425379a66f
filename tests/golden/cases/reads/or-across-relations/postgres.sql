SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.title AS title
  FROM public.films AS t1
  WHERE (t1.published = CAST('true' AS BOOLEAN)) AND ((EXISTS (
    SELECT 1
    FROM public.directors AS t2
    WHERE t1.director_id = t2.id AND (EXISTS (
      SELECT 1
      FROM public.directors AS t3
      WHERE t2.mentor_id = t3.id AND (t3.name LIKE CAST($1 AS TEXT))
    ))
  )) OR (EXISTS (
    SELECT 1
    FROM public.tags AS t4
    JOIN public.film_tags AS t5 ON t4.id = t5.tag_id
    WHERE t1.id = t5.film_id AND (t4.label = CAST($2 AS TEXT))
  )))
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
HAVING num_nulls('a' LIKE SUBSTRING(CAST($1 AS TEXT) FROM '(?<!\\)(?:\\\\)*(\\)$')) >= 0
