-- A blank text is not NULL, a zero is not NULL, and JSON's null is a value.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, mode text, level integer, extra jsonb);
INSERT INTO person SELECT n, 'user' || n, NULL, NULL FROM generate_series(1, 5) AS n;
INSERT INTO member VALUES
  (1, 1, NULL, '', 0, 'null'), (2, 2, NULL, ' ', 1, '{}'), (3, 3, NULL, NULL, 1, '{}'), (4, 4, NULL, 'x', NULL, '{}'),
  (5, 5, NULL, 'x', 1, NULL);
