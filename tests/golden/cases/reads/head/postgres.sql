SELECT count(*) AS rows, (
  SELECT count(*) AS count_1
  FROM (
    SELECT
    FROM public.films AS t2
    WHERE t2.published = CAST('true' AS BOOLEAN)
  ) AS t3
) AS total
FROM (
  SELECT t1.id AS id
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  LIMIT 1000
) AS page
