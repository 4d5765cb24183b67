-- Only a user who matches every value must have the row; an unknown value is not a match, not even of false.
CREATE TABLE person (
  id bigint PRIMARY KEY, name text, email text, joined timestamptz, is_staff boolean, level smallint, part text
);
CREATE TABLE member (id integer PRIMARY KEY, person_id bigint, made timestamptz);
INSERT INTO person VALUES
  (1, 'a', NULL, '2024-01-01 00:00:00+00', false, 2, 'O''Hara "x"'),
  (2, 'b', NULL, '2024-01-02 00:00:00+00', true, 2, 'O''Hara "x"'),
  (3, 'c', NULL, '2024-01-03 00:00:00+00', NULL, 2, 'O''Hara "x"'),
  (4, 'd', NULL, '2024-01-04 00:00:00+00', false, 3, 'O''Hara "x"'),
  (5, 'e', NULL, '2024-01-05 00:00:00+00', false, NULL, 'O''Hara "x"'),
  (6, 'f', NULL, '2024-01-06 00:00:00+00', false, 2, 'o''hara "x"'),
  (7, 'g', NULL, '2024-01-07 00:00:00+00', false, 2, 'O''Hara "x" '),
  (8, 'h', NULL, '2024-01-08 00:00:00+00', false, 2, NULL),
  (9, 'i', NULL, '2024-01-09 00:00:00+00', false, 2, 'O''Hara "x"'),
  (9223372036854775807, 'j', NULL, '2024-01-10 00:00:00+00', false, 2, 'O''Hara "x"');
INSERT INTO member VALUES (1, 9, NULL);
