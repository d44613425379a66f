SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.name AS name
  FROM public.directors AS t1
  WHERE ((
    SELECT count(*) AS count_1
    FROM public.films AS t2
    WHERE t1.id = t2.director_id AND (t2.published = CAST('true' AS BOOLEAN))
  ) >= CAST(CAST($1 AS TEXT) AS bigint)) OR (t1.name LIKE CAST($2 AS TEXT))
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS bigint), 'a' LIKE SUBSTRING(CAST($2 AS TEXT) FROM '(?<!\\)(?:\\\\)*(\\)$')) >= 0
