SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.title AS title, (
    SELECT row_to_json(t3) AS anon_1
    FROM (
      SELECT t2.name AS name
      FROM public.directors AS t2
      WHERE t1.director_id = t2.id
      LIMIT 1
    ) AS t3
  ) AS director
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
