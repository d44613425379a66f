WITH payload AS (
  SELECT body.label AS label
  FROM json_to_recordset(CAST(CAST($1 AS TEXT) AS json)) AS body(label TEXT)
), written AS (
  INSERT INTO public.tags (label)
  SELECT payload.label AS label
  FROM payload
  RETURNING public.tags.id, public.tags.label
)
SELECT count(*) AS rows
FROM written
