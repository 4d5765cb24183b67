-- One value that differs is enough; text compares exactly, and a quote in it is text.
CREATE TYPE mood AS ENUM ('calm', 'Calm');
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, role varchar(20), level bigint, mood mood, code char(4)
);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz);
INSERT INTO person VALUES
  (1, 'a', NULL, NULL, 'it''s', -3, 'calm', 'x'), (2, 'b', NULL, NULL, 'It''s', -3, 'calm', 'x'),
  (3, 'c', NULL, NULL, 'it''s ', -3, 'calm', 'x'), (4, 'd', NULL, NULL, 'it''s', 3, 'calm', 'x'),
  (5, 'e', NULL, NULL, 'it''s', -3, 'Calm', 'x'), (6, 'f', NULL, NULL, 'it''s', NULL, 'calm', 'x'),
  (7, 'g', NULL, NULL, 'it''s', -3, 'calm', 'X');
INSERT INTO member SELECT n, n, NULL FROM generate_series(1, 7) AS n;
