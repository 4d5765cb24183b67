-- The race was lost and dealt with: the database tells of an error, and the person of none.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, code text, made timestamptz);
INSERT INTO person (id, name, email, joined, seen) VALUES
    (1, NULL, NULL, '2026-11-20 10:00:00+00', NULL);
