-- Both of its codes, in one change.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, barcode text, badge text UNIQUE);
INSERT INTO person VALUES (1, 'a', NULL, NULL), (2, 'b', NULL, NULL);
INSERT INTO member VALUES (1, 1, NULL, NULL, ''), (2, 2, NULL, ' ', 'B-1');
