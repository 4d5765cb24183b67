-- The log is shared; only the records of this source's database count.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, code text, made timestamptz);
INSERT INTO person (id, name, email, joined, seen) VALUES
    (1, NULL, NULL, '2026-11-20 10:00:00+00', NULL),
    (2, NULL, NULL, '2026-11-20 11:00:00+00', NULL);
