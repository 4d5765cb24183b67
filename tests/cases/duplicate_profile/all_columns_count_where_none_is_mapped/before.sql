-- All but key, user and codes: 2 has three of them, 1 has one. What 2 lacks, it takes.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (
  id integer PRIMARY KEY, person_id integer, made timestamptz, phone text, born date, level integer, barcode text
);
INSERT INTO person VALUES (1, 'a', NULL, NULL);
INSERT INTO member VALUES
  (1, 1, '2024-01-01 00:00Z', NULL, NULL, 4, 'A'), (2, 1, '2024-01-02 00:00Z', '5', '1990-02-03', NULL, NULL);
