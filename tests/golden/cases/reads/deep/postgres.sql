SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.name AS name, (
    SELECT coalesce(json_agg(t9), '[]') AS anon_1
    FROM (
      SELECT t2.title AS title, (
        SELECT coalesce(json_agg(t8), '[]') AS anon_2
        FROM (
          SELECT t3.part AS part, (
            SELECT row_to_json(t5) AS anon_3
            FROM (
              SELECT t4.name AS name
              FROM public.actors AS t4
              WHERE t3.actor_id = t4.id
              LIMIT 1
            ) AS t5
          ) AS actor, (
            SELECT coalesce(json_agg(t7), '[]') AS anon_4
            FROM (
              SELECT t6.words AS words
              FROM public.lines AS t6
              WHERE t3.film_id = t6.film_id AND t3.actor_id = t6.actor_id
              LIMIT 1000
            ) AS t7
          ) AS lines
          FROM public.castings AS t3
          WHERE t2.id = t3.film_id
          LIMIT 1000
        ) AS t8
      ) AS castings
      FROM public.films AS t2
      WHERE t1.id = t2.studio_id AND (t2.published = CAST('true' AS BOOLEAN))
      LIMIT 1000
    ) AS t9
  ) AS films
  FROM public.studios AS t1
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
