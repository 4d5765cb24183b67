-- The same code in two tables is no damage.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, barcode text);
CREATE TABLE worker (id integer PRIMARY KEY, person_id integer, barcode text);
INSERT INTO person VALUES (1, 'a', NULL, NULL), (2, 'b', NULL, NULL);
INSERT INTO member VALUES (1, 1, NULL, 'A');
INSERT INTO worker VALUES (1, 2, 'A'), (2, 2, 'B'), (3, 1, 'B');
