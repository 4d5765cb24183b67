-- The signal made a customer's row for a staff member; the form made the right one beside it.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, is_staff boolean);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz);
CREATE TABLE worker (id integer PRIMARY KEY, person_id integer);
INSERT INTO person VALUES
  (1, 'a', NULL, '2024-01-01 00:00:00+00', true), (2, 'b', NULL, '2024-01-02 00:00:00+00', false),
  (3, 'c', NULL, '2024-01-03 00:00:00+00', true);
INSERT INTO member VALUES (1, 1, '2024-01-01 00:00:01+00'), (2, 2, NULL);
INSERT INTO worker VALUES (1, 1), (2, 2), (3, 3);
