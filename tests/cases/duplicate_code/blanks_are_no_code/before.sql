-- Rows without a code share nothing, whatever their blank is made of.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, barcode text, serial integer);
INSERT INTO person VALUES (1, 'a', NULL, NULL);
INSERT INTO member (id, person_id, barcode, serial) VALUES
  (1, 1, NULL, NULL), (2, 1, NULL, NULL), (3, 1, '', 0), (4, 1, '', 1), (5, 1, E'\u00a0', 2), (6, 1, E'\u00a0', 3),
  (7, 1, E'\n', 4), (8, 1, E'\n', 5);
