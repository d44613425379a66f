WITH objects AS (
  SELECT 1 AS "row number", CAST(CAST($1 AS TEXT) AS json) AS "whole object"
), written AS (
  SELECT t1.id AS id
  FROM public.films AS t1
  WHERE t1.id = CAST(CAST($2 AS TEXT) AS INTEGER)
), keys AS (
  SELECT 1 AS "row number", written.id AS id
  FROM written
  WHERE (
    SELECT count(*) AS count_1
    FROM written
  ) = 1
), objects_1 AS (
  SELECT row_number() OVER (ORDER BY objects."row number", element.number) AS "row number", objects."row number" AS "parent number", element.value AS "whole object"
  FROM objects
  JOIN json_array_elements(CASE WHEN (json_typeof(objects."whole object" -> 'reviews') = 'array') THEN objects."whole object" -> 'reviews' END) WITH ORDINALITY AS element(value, number) ON true
), payload_1 AS (
  SELECT objects_1."row number" AS "row number", record.id AS id, record.stars AS stars, keys.id AS film_id
  FROM objects_1
  JOIN json_to_record(objects_1."whole object") AS record(id INTEGER, stars INTEGER) ON true
  JOIN keys ON keys."row number" = objects_1."parent number"
), changed_1 AS (
  UPDATE public.reviews
  SET stars=payload_1.stars
  FROM payload_1
  WHERE public.reviews.id = payload_1.id AND public.reviews.film_id = payload_1.film_id
  RETURNING 1 AS row, payload_1."row number"
), written_1 AS (
  INSERT INTO public.reviews (id, stars, film_id)
  SELECT payload_1.id AS id, payload_1.stars AS stars, payload_1.film_id AS film_id
  FROM payload_1
  WHERE NOT (EXISTS (
    SELECT 1
    FROM changed_1
    WHERE changed_1."row number" = payload_1."row number"
  ))
  RETURNING 1 AS row
)
SELECT count(*) AS rows
FROM written
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS INTEGER)) >= 0
