SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.name AS name
  FROM public.directors AS t1
  ORDER BY (
    SELECT count(*) AS count_1
    FROM public.films AS t2
    WHERE t1.id = t2.director_id AND (t2.published = CAST('true' AS BOOLEAN))
  ) DESC, t1.id ASC
  LIMIT 1000
) AS page
