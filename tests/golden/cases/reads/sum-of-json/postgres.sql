SELECT count(*) AS rows, coalesce(json_agg(page), '[]') AS body
FROM (
  SELECT sum(CAST(t1.details ->> 'reels' AS integer)) AS sum
  FROM public.films AS t1
  WHERE t1.published = CAST('true' AS BOOLEAN)
  LIMIT 1000
) AS page
