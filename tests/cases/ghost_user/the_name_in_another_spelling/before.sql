-- The name belongs to one, in another case and with a blank; time alone matches nobody else.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, code text, made timestamptz);
INSERT INTO person (id, name, email, joined, seen) VALUES
    (1, 'Ada ', NULL, '2026-11-20 10:00:00+00', NULL),
    (2, 'bob', NULL, '2026-11-20 10:00:00+00', NULL),
    (3, 'adam', NULL, '2026-11-20 10:00:00+00', NULL);
