-- A row of nobody needs no code.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id text, made timestamptz, barcode uuid);
INSERT INTO person VALUES (1, 'a', NULL, NULL);
INSERT INTO member VALUES (1, NULL, NULL, NULL), (2, '2', NULL, NULL), (3, '01', NULL, NULL), (4, '1', NULL, NULL);
