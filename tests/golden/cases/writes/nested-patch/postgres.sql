WITH objects AS (
  SELECT 1 AS "row number", CAST(CAST($1 AS TEXT) AS json) AS "whole object"
), written AS (
  UPDATE public.films
  SET year=body.year
  FROM json_to_record(CAST(CAST($1 AS TEXT) AS json)) AS body(year INTEGER)
  WHERE public.films.id = CAST(CAST($2 AS TEXT) AS INTEGER)
  RETURNING public.films.id, public.films.title, public.films.year, public.films.genre, public.films.rating, public.films.gross, public.films.director_id, public.films.studio_id, public.films.published, public.films.details, public.films.aliases, public.films.shown, public.films.words, public.films.added_at, public.films.budget
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
), objects_2 AS (
  SELECT objects_1."row number" AS "row number", objects_1."row number" AS "parent number", objects_1."whole object" -> 'author' AS "whole object"
  FROM objects_1
  WHERE json_typeof(objects_1."whole object" -> 'author') = 'object'
), payload_2 AS (
  SELECT objects_2."row number" AS "row number", record.id AS id, record.name AS name, record.email AS email
  FROM objects_2
  JOIN json_to_record(objects_2."whole object") AS record(id UUID, name TEXT, email TEXT) ON true
), changed_2 AS (
  UPDATE public.members
  SET name=payload_2.name, email=payload_2.email
  FROM payload_2
  WHERE public.members.id = payload_2.id
  RETURNING public.members.id, public.members.name, public.members.email, public.members.photo, payload_2."row number"
), written_2 AS (
  INSERT INTO public.members (id, name, email)
  SELECT payload_2.id AS id, payload_2.name AS name, payload_2.email AS email
  FROM payload_2
  WHERE NOT (EXISTS (
    SELECT 1
    FROM changed_2
    WHERE changed_2."row number" = payload_2."row number"
  ))
  RETURNING public.members.id, public.members.name, public.members.email, public.members.photo
), keys_2 AS (
  SELECT payload_2."row number" AS "row number", CASE WHEN (changed_2."row number" IS NOT NULL) THEN changed_2.id ELSE payload_2.id END AS id
  FROM payload_2
  LEFT OUTER JOIN changed_2 ON changed_2."row number" = payload_2."row number"
), payload_1 AS (
  SELECT objects_1."row number" AS "row number", objects_1."whole object" AS "whole object", CASE WHEN (CAST(objects_1."whole object" AS jsonb) ? 'id') THEN record.id ELSE nextval(pg_get_serial_sequence('"public"."reviews"', 'id')) END AS id, CASE WHEN (CAST(objects_1."whole object" AS jsonb) ? 'stars') THEN record.stars ELSE NULL END AS stars, CASE WHEN (CAST(objects_1."whole object" AS jsonb) ? 'text') THEN record.text ELSE NULL END AS text, keys.id AS film_id, keys_2.id AS author_id
  FROM objects_1
  JOIN json_to_record(objects_1."whole object") AS record(id INTEGER, stars INTEGER, text TEXT) ON true
  JOIN keys ON keys."row number" = objects_1."parent number"
  LEFT OUTER JOIN keys_2 ON keys_2."row number" = objects_1."row number"
), changed_1 AS (
  UPDATE public.reviews
  SET author_id=CASE WHEN (CAST(payload_1."whole object" AS jsonb) ? 'author') THEN payload_1.author_id ELSE public.reviews.author_id END, stars=CASE WHEN (CAST(payload_1."whole object" AS jsonb) ? 'stars') THEN payload_1.stars ELSE public.reviews.stars END, text=CASE WHEN (CAST(payload_1."whole object" AS jsonb) ? 'text') THEN payload_1.text ELSE public.reviews.text END
  FROM payload_1
  WHERE public.reviews.id = payload_1.id AND public.reviews.film_id = payload_1.film_id
  RETURNING public.reviews.id, public.reviews.film_id, public.reviews.author_id, public.reviews.stars, public.reviews.text, public.reviews.public, payload_1."row number"
), written_1 AS (
  INSERT INTO public.reviews (id, stars, text, film_id, author_id)
  SELECT payload_1.id AS id, payload_1.stars AS stars, payload_1.text AS text, payload_1.film_id AS film_id, payload_1.author_id AS author_id
  FROM payload_1
  WHERE NOT (EXISTS (
    SELECT 1
    FROM changed_1
    WHERE changed_1."row number" = payload_1."row number"
  ))
  RETURNING public.reviews.id, public.reviews.film_id, public.reviews.author_id, public.reviews.stars, public.reviews.text, public.reviews.public
)
SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body, (
  SELECT count(*) AS count_2
  FROM written
) AS affected
FROM (
  SELECT written.year AS year, (
    SELECT coalesce(json_agg(t8), '[]') AS anon_1
    FROM (
      SELECT t3.id AS id, t3.stars AS stars, t3.text AS text, (
        SELECT row_to_json(t7) AS anon_2
        FROM (
          SELECT t6.name AS name
          FROM (
            SELECT t4.id AS id, t4.name AS name, t4.email AS email, t4.photo AS photo
            FROM public.members AS t4
            WHERE NOT (EXISTS (
              SELECT 1
              FROM changed_2 AS t5
              WHERE t5.id = t4.id
            ))
            UNION ALL
            SELECT written_2.id AS id, written_2.name AS name, written_2.email AS email, written_2.photo AS photo
            FROM written_2
            UNION ALL
            SELECT changed_2.id AS id, changed_2.name AS name, changed_2.email AS email, changed_2.photo AS photo
            FROM changed_2
          ) AS t6
          WHERE t3.author_id = t6.id
          LIMIT 1
        ) AS t7
      ) AS author
      FROM (
        SELECT t1.id AS id, t1.film_id AS film_id, t1.author_id AS author_id, t1.stars AS stars, t1.text AS text, t1.public AS public
        FROM public.reviews AS t1
        WHERE NOT (EXISTS (
          SELECT 1
          FROM changed_1 AS t2
          WHERE t2.id = t1.id AND t2.film_id = t1.film_id
        ))
        UNION ALL
        SELECT written_1.id AS id, written_1.film_id AS film_id, written_1.author_id AS author_id, written_1.stars AS stars, written_1.text AS text, written_1.public AS public
        FROM written_1
        UNION ALL
        SELECT changed_1.id AS id, changed_1.film_id AS film_id, changed_1.author_id AS author_id, changed_1.stars AS stars, changed_1.text AS text, changed_1.public AS public
        FROM changed_1
      ) AS t3
      WHERE written.id = t3.film_id
      ORDER BY t3.id ASC
      LIMIT 1000
    ) AS t8
  ) AS reviews
  FROM written
) AS page
HAVING num_nulls(CAST(CAST($2 AS TEXT) AS INTEGER)) >= 0
