-- The border belongs to it, before and after; a microsecond more does not.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, code text, made timestamptz);
INSERT INTO person (id, name, email, joined, seen) VALUES
    (1, NULL, NULL, '2026-11-20 10:00:02.000000+00', NULL),
    (2, NULL, NULL, '2026-11-20 10:00:02.000001+00', NULL),
    (3, NULL, NULL, '2026-11-20 09:59:58.000000+00', NULL),
    (4, NULL, NULL, '2026-11-20 09:59:57.999999+00', NULL),
    (5, NULL, NULL, '2026-11-20 10:00:02.001+00', NULL),
    (6, NULL, NULL, NULL, NULL),
    (7, NULL, NULL, 'infinity', NULL);
