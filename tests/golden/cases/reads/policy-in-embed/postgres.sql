SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.title AS title, (
    SELECT coalesce(json_agg(t3), '[]') AS anon_1
    FROM (
      SELECT t2.stars AS stars, t2.public AS public
      FROM public.reviews AS t2
      WHERE t1.id = t2.film_id AND (CAST($1 AS TEXT) IS NOT NULL AND (t2.author_id = CAST(CAST($1 AS TEXT) AS UUID)) OR (t2.public = CAST('true' AS BOOLEAN)))
      ORDER BY t2.id ASC
      LIMIT 1000
    ) AS t3
  ) AS reviews
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
