-- ST-{n:06d}: no number that is taken, by anybody in any spelling of the form; a gap may be used or not.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer UNIQUE, made timestamptz, barcode varchar(9) UNIQUE);
INSERT INTO person SELECT n, 'user' || n, NULL, NULL FROM generate_series(1, 6) AS n;
INSERT INTO member VALUES
  (1, 1, NULL, 'ST-000001'), (2, 2, NULL, NULL), (3, 3, NULL, 'ST-000003'), (4, 4, NULL, ''), (5, 99, NULL, 'ST-000004'),
  (6, 6, NULL, 'X-9');
