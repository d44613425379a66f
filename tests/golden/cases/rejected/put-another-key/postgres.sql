WITH payload AS (
  SELECT body.film_id AS film_id, body.fact AS fact
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(film_id INTEGER, fact TEXT)
  WHERE body.film_id = CAST(CAST($2 AS TEXT) AS INTEGER)
), written AS (
  INSERT INTO public.trivia (film_id, fact)
  SELECT payload.film_id AS film_id, payload.fact AS fact
  FROM payload
  ON CONFLICT (film_id) DO UPDATE SET fact = excluded.fact
  RETURNING 1 AS row
)
SELECT count(*) AS rows, (
  SELECT count(*) AS count_1
  FROM written
) - (
  SELECT count(*) AS count_2
  FROM payload
  WHERE EXISTS (
    SELECT 1
    FROM public.trivia AS t1
    WHERE t1.film_id = payload.film_id
  )
) AS inserted
FROM written
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS INTEGER)) >= 0
