WITH payload AS (
  SELECT body.name AS name, body.email AS email
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(name TEXT, email TEXT)
), written AS (
  INSERT INTO public.members (name, email)
  SELECT payload.name AS name, payload.email AS email
  FROM payload
  RETURNING public.members.name, public.members.photo
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.name AS name, written.photo AS photo
  FROM written
) AS page
