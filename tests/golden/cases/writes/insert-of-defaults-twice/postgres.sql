WITH payload AS (
  SELECT nextval(pg_get_serial_sequence('"public"."directors"', 'id')) AS id
  FROM json_array_elements(CAST(CAST($1 AS TEXT) AS json)) AS element(value)
), written AS (
  INSERT INTO public.directors (id)
  SELECT payload.id AS id
  FROM payload
  RETURNING public.directors.name
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.name AS name
  FROM written
) AS page
