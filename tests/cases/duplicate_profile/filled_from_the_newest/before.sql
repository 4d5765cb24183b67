-- One field each: the oldest survives, and takes the phone from the newest, which is the one without a time.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (
  id integer PRIMARY KEY, person_id integer, made timestamptz, phone text, street text, city text, barcode text UNIQUE
);
INSERT INTO person VALUES (1, 'a', NULL, NULL);
INSERT INTO member VALUES
  (1, 1, NULL, '5', NULL, ' ', 'A'), (2, 1, '2024-01-02 00:00Z', '6', NULL, NULL, 'B'),
  (3, 1, '2024-01-01 00:00Z', '', NULL, 'Ulm', 'C');
