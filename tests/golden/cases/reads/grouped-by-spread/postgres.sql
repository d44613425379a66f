SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t3.name AS name, min(t1.year) AS min
  FROM public.films AS t1
  LEFT OUTER JOIN LATERAL (
    SELECT t2.name AS name
    FROM public.studios AS t2
    WHERE t1.studio_id = t2.id
    LIMIT 1
  ) AS t3 ON true
  WHERE t1.published = CAST('true' AS BOOLEAN)
  GROUP BY t3.name
  ORDER BY t3.name ASC
  LIMIT 1000
) AS page
