SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t3.paid_by AS paid_by, min(t1.year) AS min
  FROM public.films AS t1
  LEFT OUTER JOIN LATERAL (
    SELECT t2.name AS paid_by
    FROM public.studios AS t2
    WHERE t1.studio_id = t2.id
    LIMIT 1
  ) AS t3 ON true
  WHERE t1.published = CAST('true' AS BOOLEAN)
  GROUP BY t3.paid_by
  ORDER BY t3.paid_by ASC
  LIMIT 1000
) AS page
