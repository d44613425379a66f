WITH written AS (
  SELECT public.tags.id AS id, public.tags.label AS label
  FROM public.tags
  WHERE false
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.id AS id, written.label AS label
  FROM written
) AS page
