SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.name AS name
  FROM public.directors AS t1
  WHERE (
    SELECT count(*) AS count_1
    FROM public.films AS t2
    WHERE t1.id = t2.director_id AND (t2.published = CAST('true' AS BOOLEAN)) AND (t2.year > CAST(CAST($1 AS TEXT) AS INTEGER)) AND (t2.genre = CAST(CAST($2 AS TEXT) AS genre))
  ) = CAST(CAST($3 AS TEXT) AS bigint)
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER), CAST(CAST($2 AS TEXT) AS genre), CAST(CAST($3 AS TEXT) AS bigint)) >= 0
