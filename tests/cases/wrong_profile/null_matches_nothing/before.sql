-- A user of whom the value is unknown does not match, so either row is wrong.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, is_staff boolean);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz);
INSERT INTO person VALUES (1, 'a', NULL, NULL, NULL), (2, 'b', NULL, NULL, false), (3, 'c', NULL, NULL, true);
INSERT INTO member VALUES (1, 1, NULL), (2, 2, NULL), (3, 3, NULL);
