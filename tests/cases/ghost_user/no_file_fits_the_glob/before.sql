-- The logs are elsewhere: the kind is left out, the other kinds are not.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, code text, made timestamptz);
INSERT INTO person (id, name, email, joined, seen) VALUES
    (1, NULL, NULL, '2026-11-20 10:00:00+00', NULL),
    (2, 'a', NULL, '2026-11-20 10:00:00+00', NULL),
    (3, 'A', NULL, '2026-11-20 10:00:00+00', NULL);
