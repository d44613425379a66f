WITH payload AS (
  SELECT body.label AS label
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(label TEXT)
), written AS (
  INSERT INTO public.tags (label)
  SELECT payload.label AS label
  FROM payload
  RETURNING 1 AS row
)
SELECT count(*) AS rows
FROM written
