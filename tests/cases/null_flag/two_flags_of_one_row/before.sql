-- One finding for a row, however many of its flags are NULL.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, reads boolean, writes boolean);
INSERT INTO person VALUES (1, 'a', NULL, NULL), (2, 'b', NULL, NULL);
INSERT INTO member VALUES (1, 1, NULL, NULL, NULL), (2, 2, NULL, true, NULL), (3, 2, NULL, NULL, false), (4, 2, NULL, true, true);
