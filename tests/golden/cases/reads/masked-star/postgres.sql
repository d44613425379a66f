SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT t1.id AS id, t1.title AS title, t1.year AS year, t1.genre AS genre, t1.rating AS rating, CASE WHEN (CAST($1 AS TEXT) IS NOT NULL AND (EXISTS (
    SELECT 1
    FROM public.reviews AS t2
    WHERE t1.id = t2.film_id AND (t2.author_id = CAST(CAST($1 AS TEXT) AS UUID))
  ))) THEN t1.gross ELSE NULL END AS gross, t1.director_id AS director_id, t1.studio_id AS studio_id, t1.published AS published, t1.details AS details, t1.aliases AS aliases, t1.shown AS shown, t1.words AS words, t1.added_at AS added_at, CASE WHEN (CAST($1 AS TEXT) IS NOT NULL AND (EXISTS (
    SELECT 1
    FROM public.reviews AS t3
    WHERE t1.id = t3.film_id AND (t3.author_id = CAST(CAST($1 AS TEXT) AS UUID))
  ))) THEN t1.budget ELSE NULL END AS budget
  FROM public.films AS t1
  WHERE CAST($1 AS TEXT) IS NOT NULL AND (EXISTS (
    SELECT 1
    FROM public.reviews AS t4
    WHERE t1.id = t4.film_id AND (t4.author_id = CAST(CAST($1 AS TEXT) AS UUID))
  )) OR (t1.published = CAST('true' AS BOOLEAN))
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
