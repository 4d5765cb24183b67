-- Under this collation 'a1', 'A1' and 'a-1' are equal; as codes they are three.
CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level1-ka-shifted', deterministic = false);
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, barcode text COLLATE loose);
INSERT INTO person VALUES (1, 'a', NULL, NULL);
INSERT INTO member VALUES (1, 1, NULL, 'a1'), (2, 1, NULL, 'A1'), (3, 1, NULL, 'a-1'), (4, 1, NULL, 'A1');
