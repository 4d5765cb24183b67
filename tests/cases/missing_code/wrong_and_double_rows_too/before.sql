-- Every row of an existing user, required or not, and each of two.
CREATE TABLE person (id bigint PRIMARY KEY, name text, email text, joined timestamptz, is_staff boolean);
CREATE TABLE member (id bigint PRIMARY KEY, person_id bigint, made timestamptz, barcode text);
INSERT INTO person VALUES (4294967297, 'a', NULL, NULL, true), (2, 'b', NULL, NULL, false);
INSERT INTO member VALUES (4294967298, 4294967297, NULL, ''), (5, 2, NULL, NULL), (6, 2, '2024-01-01 00:00:00+00', NULL);
