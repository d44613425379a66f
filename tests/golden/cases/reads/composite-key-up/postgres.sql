SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.words AS words, (
    SELECT row_to_json(t5) AS anon_1
    FROM (
      SELECT t2.part AS part, (
        SELECT row_to_json(t4) AS anon_2
        FROM (
          SELECT t3.name AS name
          FROM public.actors AS t3
          WHERE t2.actor_id = t3.id
          LIMIT 1
        ) AS t4
      ) AS actor
      FROM public.castings AS t2
      WHERE t1.film_id = t2.film_id AND t1.actor_id = t2.actor_id
      LIMIT 1
    ) AS t5
  ) AS casting
  FROM public.lines AS t1
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
