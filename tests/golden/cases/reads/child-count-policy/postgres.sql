SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.id AS id
  FROM public.films AS t1
  WHERE (t1.published = CAST('true' AS BOOLEAN)) AND ((
    SELECT count(*) AS count_1
    FROM public.reviews AS t2
    WHERE t1.id = t2.film_id AND (CAST($1 AS TEXT) IS NOT NULL AND (t2.author_id = CAST(CAST($1 AS TEXT) AS UUID)) OR (t2.public = CAST('true' AS BOOLEAN)))
  ) >= CAST(CAST($2 AS TEXT) AS bigint))
  ORDER BY (
    SELECT count(*) AS count_2
    FROM public.reviews AS t3
    WHERE t1.id = t3.film_id AND (CAST($1 AS TEXT) IS NOT NULL AND (t3.author_id = CAST(CAST($1 AS TEXT) AS UUID)) OR (t3.public = CAST('true' AS BOOLEAN)))
  ) DESC, t1.id ASC
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS bigint)) >= 0
