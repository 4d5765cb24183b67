-- The night in which the clocks go back: 02:30 is the first of the two, as the tz database reads it.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, code text, made timestamptz);
INSERT INTO person (id, name, email, joined, seen) VALUES
    (1, NULL, NULL, '2026-10-25 00:30:00+00', NULL),
    (2, NULL, NULL, '2026-10-25 01:30:00+00', NULL);
