SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.name AS name, (
    SELECT coalesce(json_agg(t5), '[]') AS anon_1
    FROM (
      SELECT t2.title AS title
      FROM public.films AS t2
      WHERE t1.id = t2.studio_id AND (t2.published = CAST('true' AS BOOLEAN)) AND ((EXISTS (
        SELECT 1
        FROM public.tags AS t3
        JOIN public.film_tags AS t4 ON t3.id = t4.tag_id
        WHERE t2.id = t4.film_id AND (t3.label = CAST($1 AS TEXT))
      )) OR (t2.year < CAST(CAST($2 AS TEXT) AS INTEGER)))
      LIMIT 1000
    ) AS t5
  ) AS films
  FROM public.studios AS t1
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS INTEGER)) >= 0
