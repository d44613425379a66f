WITH payload AS (
  SELECT nextval(pg_get_serial_sequence('"public"."tags"', 'id')) AS id
  FROM json_array_elements(CAST(CAST($1 AS TEXT) AS json)) AS element(value)
), written AS (
  INSERT INTO public.tags (id)
  SELECT payload.id AS id
  FROM payload
  RETURNING public.tags.id, public.tags.label
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.id AS id, written.label AS label
  FROM written
) AS page
