-- Infinity is no time, and a mapped created column that is not there leaves the time unknown too.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer);
INSERT INTO person VALUES
  (1, 'a', NULL, 'infinity'), (2, 'b', NULL, '-infinity'), (3, 'c', NULL, '1969-12-31 23:59:59.999999+00'),
  (4, 'd', NULL, '0001-01-01 00:00:00+00');
