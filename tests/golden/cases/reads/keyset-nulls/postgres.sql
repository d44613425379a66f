SELECT count(*) AS rows, coalesce(json_agg(shown), '[]') AS body, json_agg(page.keyset) -> 0 AS cursor, (
  SELECT count(*) AS count_1
  FROM (
    SELECT
    FROM public.films AS t2
    WHERE t2.published = CAST('true' AS BOOLEAN)
  ) AS t3
) AS total
FROM (
  SELECT t1.id AS c0, t1.studio_id AS c1, json_build_array(CAST(t1.studio_id AS text), CAST(t1.id AS text)) AS keyset
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  ORDER BY t1.studio_id ASC NULLS FIRST, t1.id ASC
  LIMIT 1
) AS page
JOIN LATERAL (
  SELECT page.c0 AS id, page.c1 AS studio_id
) AS shown ON true
