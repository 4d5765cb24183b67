-- citext would make them one; codes compare exactly.
CREATE EXTENSION citext;
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, barcode citext);
INSERT INTO person VALUES (1, 'a', NULL, NULL);
INSERT INTO member VALUES (1, 1, NULL, 'a1'), (2, 1, NULL, 'A1'), (3, 1, NULL, 'b'), (4, 1, NULL, 'b');
