WITH payload AS (
  SELECT body.label AS label
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(label TEXT)
), written AS (
  INSERT INTO public.tags (label)
  SELECT payload.label AS label
  FROM payload
  RETURNING public.tags.id
)
SELECT count(*) AS rows, (
  SELECT row_to_json(key) AS anon_1
  FROM (
    SELECT written.id AS id
    FROM written
    LIMIT 1
  ) AS key
) AS key
FROM written
