-- Two or more in that table, not two tables; and each mapped name of one table is read on its own.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, is_staff boolean);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz);
CREATE TABLE worker (id integer PRIMARY KEY, person_id integer);
INSERT INTO person VALUES (1, 'a', NULL, '2024-01-01 00:00:00+00', true), (2, 'b', NULL, NULL, NULL);
INSERT INTO member VALUES (1, 1, NULL), (2, 2, NULL);
INSERT INTO worker VALUES (1, 1), (2, 2), (3, 2);
