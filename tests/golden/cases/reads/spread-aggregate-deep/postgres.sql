SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.part AS part, count(t5.studios) AS studios
  FROM public.castings AS t1
  LEFT OUTER JOIN LATERAL (
    SELECT t4.studios AS studios
    FROM public.films AS t2
    LEFT OUTER JOIN LATERAL (
      SELECT 1 AS studios
      FROM public.studios AS t3
      WHERE t2.studio_id = t3.id
      LIMIT 1
    ) AS t4 ON true
    WHERE t1.film_id = t2.id AND (t2.published = CAST('true' AS BOOLEAN))
    LIMIT 1
  ) AS t5 ON true
  GROUP BY t1.part
  ORDER BY t1.part ASC
  LIMIT 1000
) AS page
