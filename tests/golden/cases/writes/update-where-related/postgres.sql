WITH written AS (
  UPDATE public.films
  SET rating=body.rating
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(rating NUMERIC)
  WHERE (EXISTS (
    SELECT 1
    FROM public.directors AS t1
    WHERE public.films.director_id = t1.id AND (t1.name = CAST($2 AS TEXT))
  )) OR (EXISTS (
    SELECT 1
    FROM public.tags AS t2
    JOIN public.film_tags AS t3 ON t2.id = t3.tag_id
    WHERE public.films.id = t3.film_id AND (t2.label = CAST($3 AS TEXT))
  ))
  RETURNING public.films.id, public.films.rating
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.id AS id, written.rating AS rating
  FROM written
) AS page
