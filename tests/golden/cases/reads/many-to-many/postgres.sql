SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.title AS title, (
    SELECT coalesce(json_agg(t4), '[]') AS anon_1
    FROM (
      SELECT t2.label AS label
      FROM public.tags AS t2
      JOIN public.film_tags AS t3 ON t2.id = t3.tag_id
      WHERE t1.id = t3.film_id
      LIMIT 1000
    ) AS t4
  ) AS tags
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
