-- NULL, empty or white space alone; what cannot be seen but is no white space is a code, as is a zero.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, barcode text);
INSERT INTO person SELECT n, 'user' || n, NULL, '2024-01-01 00:00:00+00' FROM generate_series(1, 9) AS n;
INSERT INTO member VALUES
  (1, 1, '2024-01-02 00:00:00+00', NULL), (2, 2, NULL, ''), (3, 3, NULL, '  '), (4, 4, NULL, E'\u3000\u0085\u2028'),
  (5, 5, NULL, E'\u200b'), (6, 6, NULL, '0'), (7, 7, NULL, 'NULL'), (8, 8, NULL, E'\u00a0ST-1'), (9, 9, NULL, E'\u180e');
