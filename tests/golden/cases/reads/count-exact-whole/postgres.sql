SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM (
    SELECT
    FROM public.studios AS t2
  ) AS t3
) AS total
FROM (
  SELECT t1.id AS id
  FROM public.studios AS t1
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
