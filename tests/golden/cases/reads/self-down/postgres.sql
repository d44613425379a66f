SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.name AS name, (
    SELECT coalesce(json_agg(t3), '[]') AS anon_1
    FROM (
      SELECT t2.name AS name
      FROM public.directors AS t2
      WHERE t1.id = t2.mentor_id
      LIMIT 1000
    ) AS t3
  ) AS pupils
  FROM public.directors AS t1
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
