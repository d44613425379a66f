SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.name AS name, (
    SELECT row_to_json(t5) AS anon_1
    FROM (
      SELECT t2.name AS name, (
        SELECT row_to_json(t4) AS anon_2
        FROM (
          SELECT t3.name AS name
          FROM public.directors AS t3
          WHERE t2.mentor_id = t3.id
          LIMIT 1
        ) AS t4
      ) AS mentor
      FROM public.directors AS t2
      WHERE t1.mentor_id = t2.id
      LIMIT 1
    ) AS t5
  ) AS mentor
  FROM public.directors AS t1
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
