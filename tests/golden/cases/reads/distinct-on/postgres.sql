SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM (
    SELECT t2.director_id AS director_id
    FROM public.films AS t2
    WHERE t2.published = CAST('true' AS BOOLEAN)
    GROUP BY t2.director_id
  ) AS t3
) AS total
FROM (
  SELECT DISTINCT ON (t1.director_id) t1.title AS title, t1.director_id AS director_id
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  ORDER BY t1.director_id ASC, t1.year DESC
  LIMIT 1000
) AS page
