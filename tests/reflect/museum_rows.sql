INSERT INTO museum.artists (name, teacher_id) VALUES ('Ada', NULL), ('Bea', 1), ('Cid', 1);
INSERT INTO museum.rooms VALUES (1, 'a', NULL), (2, 'b', NULL);
INSERT INTO museum.works (title, artist_id, floor, door, price)
VALUES ('Sun', 1, 1, 'a', 5), ('Moon', 1, 2, 'b', 9), ('Rain', 2, 1, 'a', 0), ('Fog', 2, NULL, NULL, 3);
INSERT INTO museum.topics VALUES (1, 'sky'), (2, 'water');
INSERT INTO museum.work_topics VALUES (1, 1, 1), (2, 1, 2), (3, 1, 3), (3, 2, 4);
INSERT INTO archive.letters (id, artist_id, body) VALUES (1, 1, 'Dear all'), (2, 2, 'Dear Ada');
INSERT INTO museum.visits VALUES (1, '2025-02-03', 1);
INSERT INTO museum.tickets VALUES (7, 1, '2025-02-03');
INSERT INTO archive.clerks VALUES (1, 'Una', NULL), (2, 'Don', 1);
