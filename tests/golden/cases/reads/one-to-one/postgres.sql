SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.title AS title, (
    SELECT row_to_json(t3) AS anon_1
    FROM (
      SELECT t2.fact AS fact
      FROM public.trivia AS t2
      WHERE t1.id = t2.film_id
      LIMIT 1
    ) AS t3
  ) AS trivia
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  ORDER BY t1.id ASC
  LIMIT 3
) AS page
