WITH written AS (
  DELETE
  FROM public.tags
  WHERE true
  RETURNING public.tags.label
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.label AS label
  FROM written
) AS page
