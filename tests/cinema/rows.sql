INSERT INTO studios (id, name, country) OVERRIDING SYSTEM VALUE VALUES
  (1, 'Nordlicht', 'DE'), (2, 'Harbour Pictures', 'GB'), (3, 'Lumen', NULL);
INSERT INTO directors (id, name, born, mentor_id) OVERRIDING SYSTEM VALUE VALUES
  (1, 'Ada Winter', '1931-05-04', NULL), (2, 'Ben Okafor', '1960-11-30', 1), (3, 'Cleo Marsh', NULL, 1),
  (4, 'Dov Stern', '1985-02-28', 2);
INSERT INTO films (id, title, year, genre, rating, gross, director_id, studio_id, published, details, aliases, shown, added_at, budget)
  OVERRIDING SYSTEM VALUE VALUES
  (1, 'The Long Pier', 1961, 'noir', 8.4, 1200000, 1, 1, true, '{"colour": false, "reels": 9, "places": ["Kiel", "Hull"]}', '{"Der lange Steg"}', '[1961,1975)', '2024-01-01 10:00', 90000),
  (2, 'Salt and Rain', 1988, 'drama', 7.1, NULL, 2, 2, true, '{"colour": true, "reels": 12, "sound": {"channels": 2}}', '{}', '[1988,)', '2024-01-02 10:00', 400000),
  (3, 'A Fly in Tea', 1994, 'comedy', 6.5, 9007199254740993, 2, 2, true, NULL, NULL, 'empty', '2024-01-03 10:00', NULL),
  (4, 'Untitled', 2025, NULL, NULL, NULL, NULL, 3, false, '{}', '{"Work, in progress", "say \"hi\""}', NULL, '2024-01-04 10:00', 5),
  (5, 'Rain (Again)', 2001, 'drama', 9.0, 55, 3, NULL, true, '{"colour": true}', '{"Regen"}', '[2001,2002)', '2024-01-05 10:00', 100);
INSERT INTO tags (id, label) OVERRIDING SYSTEM VALUE VALUES (1, 'sea'), (2, 'weather'), (3, 'unused');
INSERT INTO film_tags VALUES (1, 1), (2, 1), (2, 2), (5, 2), (4, 2);
INSERT INTO trivia VALUES (1, 'Shot in nine days'), (2, 'The rain was real');
INSERT INTO actors (id, name) OVERRIDING SYSTEM VALUE VALUES (1, 'Ida Holm'), (2, 'Jon Reed'), (3, 'Kit Vale');
INSERT INTO castings VALUES (1, 1, 'The widow'), (1, 2, 'The pilot'), (2, 2, 'Himself'), (4, 3, 'Nobody yet');
INSERT INTO lines (id, film_id, actor_id, words) OVERRIDING SYSTEM VALUE VALUES
  (1, 1, 1, 'The tide decides.'), (2, 1, 2, 'It always has.'), (3, 2, 2, 'Bring a coat, "friend".');
INSERT INTO members (id, name, email, photo) VALUES
  ('00000000-0000-4000-8000-00000000000a', 'Anna', 'anna@example.org', '\x00ff10'),
  ('00000000-0000-4000-8000-00000000000b', 'Bert', 'bert@example.org', NULL);
INSERT INTO reviews (id, film_id, author_id, stars, text, public) OVERRIDING SYSTEM VALUE VALUES
  (1, 1, '00000000-0000-4000-8000-00000000000a', 5, 'Perfect', true),
  (2, 2, '00000000-0000-4000-8000-00000000000a', 2, 'Wet', false),
  (3, 1, '00000000-0000-4000-8000-00000000000b', 4, NULL, true),
  (4, 3, '00000000-0000-4000-8000-00000000000b', 1, 'No', false);
INSERT INTO screenings (id, film_id, host_id, guest_id, starts_at, length) OVERRIDING SYSTEM VALUE VALUES
  (1, 1, '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000b', '2026-02-01 20:00', '01:38:00'),
  (2, 5, '00000000-0000-4000-8000-00000000000b', NULL, '2026-03-01 18:30', NULL);
INSERT INTO vault (id, film_id, secret) OVERRIDING SYSTEM VALUE VALUES (1, 1, 'the ending');
SELECT setval(pg_get_serial_sequence(name, 'id'), 100) FROM unnest(ARRAY['studios','directors','films','tags','actors','lines','reviews','screenings','vault']) AS name;
