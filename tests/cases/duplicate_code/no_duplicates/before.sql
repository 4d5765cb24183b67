-- A unique index allows many NULLs, which are no damage here; nor is a code on one row.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, barcode text UNIQUE);
INSERT INTO person VALUES (1, 'a', NULL, NULL);
INSERT INTO member VALUES (1, 1, NULL, NULL), (2, 1, NULL, NULL), (3, 1, NULL, 'a'), (4, 1, NULL, 'A');
