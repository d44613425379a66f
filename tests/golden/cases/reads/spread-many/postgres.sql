SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.name AS name, t4.titles AS titles, t4.year AS year
  FROM public.directors AS t1
  LEFT OUTER JOIN LATERAL (
    SELECT coalesce(json_agg(t3.titles), '[]') AS titles, coalesce(json_agg(t3.year), '[]') AS year
    FROM (
      SELECT t2.title AS titles, t2.year AS year
      FROM public.films AS t2
      WHERE t1.id = t2.director_id AND (t2.published = CAST('true' AS BOOLEAN))
      LIMIT 1000
    ) AS t3
  ) AS t4 ON true
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
