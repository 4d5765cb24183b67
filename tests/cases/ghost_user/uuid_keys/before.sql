-- Keys of another type.
CREATE TABLE person (id uuid PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id uuid, code text, made timestamptz);
INSERT INTO person (id, name, email, joined, seen) VALUES
    ('6f1c1a5e-0000-4000-8000-000000000001', NULL, NULL, '2026-11-20 10:00:00+00', NULL),
    ('6f1c1a5e-0000-4000-8000-000000000002', NULL, NULL, '2026-11-20 10:00:00+00', NULL);
