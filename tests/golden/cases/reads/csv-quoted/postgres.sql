SELECT count(*) AS rows, concat('words,id', E'\n', string_agg(SUBSTRING(CAST(page AS text) FROM '^\((.*)\)$'), E'\n')) AS body
FROM (
  SELECT t1.words AS words, t1.id AS id
  FROM public.lines AS t1
  ORDER BY t1.id ASC
  LIMIT 1000
) AS page
