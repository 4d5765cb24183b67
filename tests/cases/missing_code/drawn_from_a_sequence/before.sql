-- The column's own sequence draws, and has handed out 41 already.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer UNIQUE, made timestamptz, barcode bigserial);
ALTER TABLE member ALTER COLUMN barcode DROP NOT NULL, ADD UNIQUE (barcode);
SELECT setval('member_barcode_seq', 41);
INSERT INTO person SELECT n, 'user' || n, NULL, NULL FROM generate_series(1, 3) AS n;
INSERT INTO member VALUES (1, 1, NULL, 41), (2, 2, NULL, NULL), (3, 3, NULL, NULL);
