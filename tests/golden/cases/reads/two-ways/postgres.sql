SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.id AS id, (
    SELECT row_to_json(t3) AS anon_1
    FROM (
      SELECT t2.name AS name
      FROM public.members AS t2
      WHERE t1.host_id = t2.id
      LIMIT 1
    ) AS t3
  ) AS host, (
    SELECT row_to_json(t5) AS anon_2
    FROM (
      SELECT t4.name AS name
      FROM public.members AS t4
      WHERE t1.guest_id = t4.id
      LIMIT 1
    ) AS t5
  ) AS guest
  FROM public.screenings AS t1
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
