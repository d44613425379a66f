WITH payload AS (
  SELECT body.label AS label
  FROM json_to_recordset(CAST(CAST($1 AS TEXT) AS json)) AS body(label TEXT)
), written AS (
  INSERT INTO public.tags (label)
  SELECT payload.label AS label
  FROM payload
  RETURNING public.tags.label
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.label AS label
  FROM written
  ORDER BY written.label DESC
  LIMIT 1
) AS page
