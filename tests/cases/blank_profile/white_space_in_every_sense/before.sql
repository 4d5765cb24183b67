-- NULL, empty, or nothing but white space, in any mixture over the filled columns.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, phone text, address varchar(40));
INSERT INTO person SELECT n, 'user' || n, NULL, '2024-01-01 00:00:00+00' FROM generate_series(1, 12) AS n;
INSERT INTO member VALUES
  (1, 1, '2024-01-02 00:00:00+00', NULL, NULL), (2, 2, NULL, '', NULL), (3, 3, NULL, ' ', E'\t\n\x0b\x0c\r'),
  (4, 4, NULL, E'\u0085\u00a0\u1680', E'\u2028\u2029\u202f\u205f\u3000'),
  (5, 5, NULL, E'\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a', ''),
  (6, 6, NULL, E'\u200b', NULL), (7, 7, NULL, E'\ufeff', ''), (8, 8, NULL, E'\u180e', ''), (9, 9, NULL, E'\u2060', ''),
  (10, 10, NULL, E'\u001c', NULL), (11, 11, NULL, '.', ' '), (12, 12, NULL, '', E'\u00a0x\u00a0');
