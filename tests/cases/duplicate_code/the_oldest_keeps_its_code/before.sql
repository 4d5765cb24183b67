-- By the rows' own times, not by their keys; who has no time comes last. The code that is drawn is nobody's.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, barcode text);
CREATE UNIQUE INDEX ON member (barcode) WHERE made > '2024-06-01 00:00Z';
INSERT INTO person SELECT n, 'user' || n, NULL, NULL FROM generate_series(1, 6) AS n;
INSERT INTO member VALUES
  (1, 1, NULL, 'ST-000007'), (2, 2, '2024-01-03 00:00Z', 'ST-000007'), (3, 3, '2024-01-02 00:00Z', 'ST-000007'),
  (4, 4, '2024-07-01 00:00Z', 'ST-000008'), (5, 5, '2024-01-01 00:00Z', 'ST-000008'), (6, 6, NULL, 'ST-000001');
