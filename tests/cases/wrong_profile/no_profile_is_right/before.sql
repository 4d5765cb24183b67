-- Nobody knows whether she is staff, so no table is the right one, and nothing can be made of the row.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, is_staff boolean);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, phone text);
CREATE TABLE worker (id serial PRIMARY KEY, person_id integer, made timestamptz, phone text);
INSERT INTO person VALUES (1, 'a', NULL, NULL, NULL), (2, 'b', NULL, NULL, true);
INSERT INTO member VALUES (1, 1, NULL, '5'), (2, 2, NULL, '6');
INSERT INTO worker VALUES (2, 2, NULL, '6');
