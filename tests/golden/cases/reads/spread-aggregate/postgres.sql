SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.genre AS genre, count(t3.studios) AS studios, max(t3.last) AS last
  FROM public.films AS t1
  LEFT OUTER JOIN LATERAL (
    SELECT 1 AS studios, t2.name AS last
    FROM public.studios AS t2
    WHERE t1.studio_id = t2.id
    LIMIT 1
  ) AS t3 ON true
  WHERE t1.published = CAST('true' AS BOOLEAN)
  GROUP BY t1.genre
  ORDER BY t1.genre ASC
  LIMIT 1000
) AS page
