SELECT count(*) AS rows, (array_agg(row_to_json(page)))[1] AS body
FROM (
  SELECT t1.id AS id, t1.title AS title, t1.year AS year, t1.genre AS genre, t1.rating AS rating, t1.director_id AS director_id, t1.studio_id AS studio_id, t1.published AS published, t1.details AS details, t1.aliases AS aliases, t1.shown AS shown, t1.words AS words, t1.added_at AS added_at
  FROM public.films AS t1
  WHERE (t1.published = CAST('true' AS BOOLEAN)) AND (t1.id = CAST(CAST($1 AS TEXT) AS INTEGER))
  LIMIT 1000
) AS page
HAVING num_nulls(CAST(CAST($1 AS TEXT) AS INTEGER)) >= 0
