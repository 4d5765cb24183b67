-- Case, blanks at the ends, composed and decomposed letters make different codes; odd letters in equal ones do not matter.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, barcode text);
INSERT INTO person VALUES (1, 'a', NULL, '2024-01-01 00:00:00+00');
INSERT INTO member (id, person_id, barcode) VALUES
  (1, 1, 'st-1'), (2, 1, 'ST-1'), (3, 1, 'ST-1 '), (4, 1, E'ST-1\u00a0'), (5, 1, E'ST-1\u200b'), (6, 1, ' ST-1'),
  (7, 1, E'\u00e9'), (8, 1, E'e\u0301'), (9, 1, 'ß'), (10, 1, 'ss'), (11, 1, '１'), (12, 1, '1'), (13, 1, '01'),
  (20, 1, 'it''s "a, b"'), (21, 1, 'it''s "a, b"'), (22, 1, E'\u200b'), (23, 1, E'\u200b');
