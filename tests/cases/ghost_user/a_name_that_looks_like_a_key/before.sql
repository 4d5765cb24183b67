-- A name of brackets and quotes, as it stands in the log.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, code text, made timestamptz);
INSERT INTO person (id, name, email, joined, seen) VALUES
    (1, 'o''x)=(y) already exists.', NULL, '2026-11-20 10:00:00+00', NULL),
    (2, 'y', NULL, '2026-11-20 10:00:00+00', NULL);
