SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.id AS id
  FROM public.screenings AS t1
  WHERE (EXISTS (
    SELECT 1
    FROM public.members AS t2
    WHERE t1.host_id = t2.id AND (t2.name = CAST($1 AS TEXT))
  )) OR (EXISTS (
    SELECT 1
    FROM public.members AS t3
    WHERE t1.guest_id = t3.id AND (t3.name = CAST($2 AS TEXT))
  ))
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
