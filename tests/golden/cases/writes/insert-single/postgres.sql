WITH payload AS (
  SELECT body.label AS label
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(label TEXT)
), written AS (
  INSERT INTO public.tags (label)
  SELECT payload.label AS label
  FROM payload
  RETURNING public.tags.label
)
SELECT count(*) AS rows, (array_agg(row_to_json(page)))[1] AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.label AS label
  FROM written
) AS page
