SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.genre AS genre, count(t3.british) AS british
  FROM public.films AS t1
  LEFT OUTER JOIN LATERAL (
    SELECT CASE WHEN (t2.country = CAST($1 AS TEXT)) THEN 1 ELSE NULL END AS british
    FROM public.studios AS t2
    WHERE t1.studio_id = t2.id
    LIMIT 1
  ) AS t3 ON true
  WHERE t1.published = CAST('true' AS BOOLEAN)
  GROUP BY t1.genre
  ORDER BY t1.genre ASC
  LIMIT 1000
) AS page
