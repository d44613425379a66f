WITH written AS (
  DELETE
  FROM public.reviews
  WHERE (CAST($1 AS TEXT) IS NOT NULL AND (public.reviews.author_id = CAST(CAST($1 AS TEXT) AS UUID)) OR (public.reviews.public = CAST('true' AS BOOLEAN))) AND (public.reviews.id > CAST(CAST($2 AS TEXT) AS INTEGER)) AND CAST($1 AS TEXT) IS NOT NULL AND (public.reviews.author_id = CAST(CAST($1 AS TEXT) AS UUID))
  RETURNING public.reviews.id, public.reviews.author_id, public.reviews.public
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected
FROM (
  SELECT written.id AS id
  FROM written
  WHERE CAST($1 AS TEXT) IS NOT NULL AND (written.author_id = CAST(CAST($1 AS TEXT) AS UUID)) OR (written.public = CAST('true' AS BOOLEAN))
) AS page
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS INTEGER)) >= 0
