SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.name AS name, (
    SELECT coalesce(json_agg(t3), '[]') AS anon_1
    FROM (
      SELECT t2.genre AS genre, count(*) AS count
      FROM public.films AS t2
      WHERE t1.id = t2.studio_id AND (t2.published = CAST('true' AS BOOLEAN))
      GROUP BY t2.genre
      HAVING count(*) >= CAST(CAST($1 AS TEXT) AS bigint)
      ORDER BY t2.genre ASC
      LIMIT 1000
    ) AS t3
  ) AS films
  FROM public.studios AS t1
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS bigint)) >= 0
