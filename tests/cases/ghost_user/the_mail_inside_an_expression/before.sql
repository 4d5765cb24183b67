-- The index is on lower(email::text); the mail was typed in capitals; white space of every sense.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, code text, made timestamptz);
INSERT INTO person (id, name, email, joined, seen) VALUES
    (1, NULL, 'Ada@Example.com', '2026-11-20 10:00:00+00', NULL),
    (2, NULL, '　ADA@example.com', '2026-11-20 10:00:00+00', NULL),
    (3, 'ada@example.com', NULL, '2026-11-20 10:00:00+00', NULL),
    (4, NULL, 'ada@example.com', '2026-11-20 10:00:03+00', NULL);
