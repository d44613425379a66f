SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM (
    SELECT t2.genre AS genre, count(t2.id) AS count
    FROM public.films AS t2
    WHERE t2.published = CAST('true' AS BOOLEAN)
    GROUP BY t2.genre
  ) AS t3
) AS total
FROM (
  SELECT t1.genre AS genre, count(t1.id) AS count
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  GROUP BY t1.genre
  ORDER BY t1.genre ASC
  LIMIT 1000
) AS page
