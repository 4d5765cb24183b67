-- A soft reference names a user only in the very text of that user's key.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id text, made timestamptz);
INSERT INTO person SELECT n, 'user' || n, NULL, '2024-01-01 00:00:00+00' FROM generate_series(1, 6) AS n;
INSERT INTO member VALUES
  (1, '1', NULL), (2, ' 2', NULL), (3, '03', NULL), (4, '+4', NULL), (5, '5.0', NULL), (6, 'none', NULL);
