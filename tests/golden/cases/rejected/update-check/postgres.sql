WITH written AS (
  UPDATE public.reviews
  SET stars=body.stars
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(stars INTEGER)
  WHERE (CAST($2 AS TEXT) IS NOT NULL AND (public.reviews.author_id = CAST(CAST($2 AS TEXT) AS UUID)) OR (public.reviews.public = CAST('true' AS BOOLEAN))) AND (public.reviews.id = CAST(CAST($3 AS TEXT) AS INTEGER)) AND CAST($2 AS TEXT) IS NOT NULL AND (public.reviews.author_id = CAST(CAST($2 AS TEXT) AS UUID))
  RETURNING public.reviews.stars
)
SELECT count(*) AS rows, (
  SELECT count(*) AS count_1
  FROM written
  WHERE (CAST($2 AS TEXT) IS NOT NULL AND (written.stars >= CAST('1' AS INTEGER)) AND (written.stars <= CAST('5' AS INTEGER))) IS NOT true
) AS violations
FROM written
HAVING num_nulls(CAST(CAST($3 AS TEXT) AS INTEGER)) >= 0
