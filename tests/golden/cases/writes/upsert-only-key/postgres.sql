WITH payload AS (
  SELECT body.film_id AS film_id, body.tag_id AS tag_id
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(film_id INTEGER, tag_id INTEGER)
), written AS (
  INSERT INTO public.film_tags (film_id, tag_id)
  SELECT payload.film_id AS film_id, payload.tag_id AS tag_id
  FROM payload
  ON CONFLICT (film_id, tag_id) DO UPDATE SET film_id = excluded.film_id, tag_id = excluded.tag_id
  RETURNING public.film_tags.film_id, public.film_tags.tag_id
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected, (
  SELECT count(*) AS count_2
  FROM written
) - (
  SELECT count(*) AS count_3
  FROM payload
  WHERE EXISTS (
    SELECT 1
    FROM public.film_tags AS t1
    WHERE t1.film_id = payload.film_id AND t1.tag_id = payload.tag_id
  )
) AS inserted
FROM (
  SELECT written.film_id AS film_id, written.tag_id AS tag_id
  FROM written
) AS page
