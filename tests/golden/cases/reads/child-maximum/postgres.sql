SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.name AS name
  FROM public.directors AS t1
  WHERE (
    SELECT max(t2.year) AS max_1
    FROM public.films AS t2
    WHERE t1.id = t2.director_id AND (t2.published = CAST('true' AS BOOLEAN))
  ) > CAST(CAST($1 AS TEXT) AS INTEGER)
  ORDER BY (
    SELECT max(t4.year) AS max_2
    FROM public.films AS t4
    WHERE t1.id = t4.director_id AND (t4.published = CAST('true' AS BOOLEAN))
  ) DESC NULLS LAST, t1.id ASC
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER)) >= 0
