-- NULL falls back to the user's time, row by row; so user 1's second-earliest row is the one without time of its own.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz);
INSERT INTO person VALUES
  (1, 'a', NULL, '2024-01-05 00:00:00+00'), (2, 'b', NULL, NULL), (3, 'c', NULL, NULL), (4, 'd', NULL, NULL);
INSERT INTO member VALUES
  (1, 1, '2024-01-03 00:00:00+00'), (2, 1, NULL), (3, 1, '2024-01-07 00:00:00+00'),
  (4, 2, NULL), (5, 2, '2024-02-01 00:00:00+00'),
  (6, 3, NULL), (7, 3, '2024-03-02 00:00:00+00'), (8, 3, '2024-03-01 00:00:00+00'),
  (9, 4, 'infinity'), (10, 4, '2024-04-01 00:00:00+00'), (11, 4, '-infinity');
