SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.name AS name, (
    SELECT coalesce(json_agg(t6), '[]') AS anon_1
    FROM (
      SELECT t2.title AS title, (
        SELECT row_to_json(t4) AS anon_2
        FROM (
          SELECT t3.name AS name
          FROM public.directors AS t3
          WHERE t2.director_id = t3.id AND (t3.name = CAST($1 AS TEXT))
          LIMIT 1
        ) AS t4
      ) AS director
      FROM public.films AS t2
      WHERE t1.id = t2.studio_id AND (t2.published = CAST('true' AS BOOLEAN)) AND (EXISTS (
        SELECT 1
        FROM public.directors AS t5
        WHERE t2.director_id = t5.id AND (t5.name = CAST($1 AS TEXT))
      ))
      LIMIT 1000
    ) AS t6
  ) AS films
  FROM public.studios AS t1
  WHERE EXISTS (
    SELECT 1
    FROM public.films AS t7
    WHERE t1.id = t7.studio_id AND (t7.published = CAST('true' AS BOOLEAN)) AND (EXISTS (
      SELECT 1
      FROM public.directors AS t8
      WHERE t7.director_id = t8.id AND (t8.name = CAST($1 AS TEXT))
    ))
  )
  LIMIT 1000
) AS page
