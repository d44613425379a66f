WITH written AS (
  UPDATE public.tags
  SET label=body.label
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(label TEXT)
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
