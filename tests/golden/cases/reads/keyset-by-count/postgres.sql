SELECT count(*) AS rows, concat('name,keyset', E'\n', string_agg(SUBSTRING(CAST(shown AS text) FROM '^\((.*)\)$'), E'\n')) AS body, json_agg(page.keyset) -> 0 AS cursor
FROM (
  SELECT t1.name AS c0, t1.id AS c1, json_build_array(CAST((
    SELECT count(*) AS count_1
    FROM public.films AS t2
    WHERE t1.id = t2.director_id AND (t2.published = CAST('true' AS BOOLEAN))
  ) AS text), CAST(t1.id AS text)) AS keyset
  FROM public.directors AS t1
  ORDER BY (
    SELECT count(*) AS count_2
    FROM public.films AS t3
    WHERE t1.id = t3.director_id AND (t3.published = CAST('true' AS BOOLEAN))
  ) DESC, t1.id ASC
  LIMIT 1
) AS page
JOIN LATERAL (
  SELECT page.c0 AS name, page.c1 AS keyset
) AS shown ON true
