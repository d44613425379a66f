WITH written AS (
  UPDATE public.reviews
  SET stars=body.stars
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(stars INTEGER)
  WHERE (CAST($2 AS TEXT) IS NOT NULL AND (public.reviews.author_id = CAST(CAST($2 AS TEXT) AS UUID)) OR (public.reviews.public = CAST('true' AS BOOLEAN))) AND (public.reviews.id = CAST(CAST($3 AS TEXT) AS INTEGER)) AND CAST($2 AS TEXT) IS NOT NULL AND (public.reviews.author_id = CAST(CAST($2 AS TEXT) AS UUID))
  RETURNING public.reviews.id, public.reviews.author_id, public.reviews.stars, public.reviews.public
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_1
  FROM written
) AS affected, (
  SELECT count(*) AS count_2
  FROM written
  WHERE (CAST($2 AS TEXT) IS NOT NULL AND (written.stars >= CAST('1' AS INTEGER)) AND (written.stars <= CAST('5' AS INTEGER))) IS NOT true
) AS violations
FROM (
  SELECT written.id AS id, written.stars AS stars
  FROM written
  WHERE CAST($2 AS TEXT) IS NOT NULL AND (written.author_id = CAST(CAST($2 AS TEXT) AS UUID)) OR (written.public = CAST('true' AS BOOLEAN))
) AS page
HAVING num_nulls(CAST(CAST($3 AS TEXT) AS INTEGER)) >= 0
