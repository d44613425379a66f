SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.id AS id, t1.published AS published, t1.budget AS budget
  FROM public.films AS t1
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
