-- Every holder is told, the oldest too; the time is that of the second-earliest holder, its own or else its user's.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, barcode text);
INSERT INTO person VALUES
  (1, 'a', NULL, '2024-01-01 00:00:00+00'), (2, 'b', NULL, '2024-01-02 00:00:00+00'), (3, 'c', NULL, NULL);
INSERT INTO member VALUES
  (1, 1, '2024-01-05 00:00:00+00', 'ST-1'), (2, 2, NULL, 'ST-1'), (3, 3, '2024-01-09 00:00:00+00', 'ST-1'),
  (4, 1, NULL, 'ST-2'), (5, 3, NULL, 'ST-3'), (6, 2, NULL, 'ST-3'), (7, 3, NULL, 'ST-4');
