SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.name AS name
  FROM public.directors AS t1
  WHERE (
    SELECT stddev(t2.year) AS stddev_1
    FROM public.films AS t2
    WHERE t1.id = t2.director_id AND (t2.published = CAST('true' AS BOOLEAN))
  ) > CAST(CAST($1 AS TEXT) AS numeric)
  ORDER BY (
    SELECT variance(t4.year) AS variance_1
    FROM public.films AS t4
    WHERE t1.id = t4.director_id AND (t4.published = CAST('true' AS BOOLEAN))
  ) DESC NULLS LAST, t1.id ASC
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS numeric)) >= 0
