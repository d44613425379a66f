SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.part AS part, (
    SELECT coalesce(json_agg(t3), '[]') AS anon_1
    FROM (
      SELECT t2.words AS words
      FROM public.lines AS t2
      WHERE t1.film_id = t2.film_id AND t1.actor_id = t2.actor_id
      LIMIT 1000
    ) AS t3
  ) AS lines
  FROM public.castings AS t1
  ORDER BY t1.film_id ASC, t1.actor_id ASC
  LIMIT 1000
) AS page
