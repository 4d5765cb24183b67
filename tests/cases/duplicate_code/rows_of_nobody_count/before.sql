-- Every profile row: an orphan that holds the code blocks it for the other. Its time is its own or none.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, barcode integer);
INSERT INTO person VALUES (1, 'a', NULL, '2024-01-01 00:00:00+00');
INSERT INTO member VALUES
  (1, 1, NULL, 7), (2, NULL, '2024-03-01 00:00:00+00', 7), (3, 99, NULL, 7),
  (4, NULL, NULL, 8), (5, NULL, '2024-03-01 00:00:00+00', 8);
