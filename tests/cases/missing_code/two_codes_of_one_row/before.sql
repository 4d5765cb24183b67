-- One finding for a row, whether one or both of its codes are missing.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, barcode text, serial bigint);
INSERT INTO person SELECT n, 'user' || n, NULL, NULL FROM generate_series(1, 4) AS n;
INSERT INTO member VALUES (1, 1, NULL, NULL, NULL), (2, 2, NULL, 'x', NULL), (3, 3, NULL, ' ', 0), (4, 4, NULL, 'y', -1);
