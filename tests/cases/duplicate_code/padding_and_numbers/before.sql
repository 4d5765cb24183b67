-- A code is its text: char(n) without its padding, a number as the database writes it.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (
  id integer PRIMARY KEY, person_id integer, made timestamptz, tag char(6), amount numeric, token uuid
);
INSERT INTO person VALUES (1, 'a', NULL, NULL);
INSERT INTO member (id, person_id, tag, amount, token) VALUES
  (1, 1, 'T1', 1.0, '0000000A-0000-0000-0000-000000000000'), (2, 1, 'T1  ', 1.00, '0000000a-0000-0000-0000-000000000000'),
  (3, 1, ' T1', 2, NULL), (4, 1, 't1', 2, NULL);
