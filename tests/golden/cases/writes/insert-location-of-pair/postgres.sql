WITH payload AS (
  SELECT body.film_id AS film_id, body.tag_id AS tag_id
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(film_id INTEGER, tag_id INTEGER)
), written AS (
  INSERT INTO public.film_tags (film_id, tag_id)
  SELECT payload.film_id AS film_id, payload.tag_id AS tag_id
  FROM payload
  RETURNING public.film_tags.film_id, public.film_tags.tag_id
)
SELECT count(*) AS rows, (
  SELECT row_to_json(key) AS anon_1
  FROM (
    SELECT written.film_id AS film_id, written.tag_id AS tag_id
    FROM written
    LIMIT 1
  ) AS key
) AS key
FROM written
