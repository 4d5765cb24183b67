-- Whoever has logged in, even before the failure, knows of the account.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, code text, made timestamptz);
INSERT INTO person (id, name, email, joined, seen) VALUES
    (1, NULL, NULL, '2026-11-20 10:00:00+00', '2026-11-20 10:00:05+00'),
    (2, NULL, NULL, '2026-11-20 10:00:00+00', '2020-01-01 00:00:00+00'),
    (3, NULL, NULL, '2026-11-20 10:00:00+00', 'infinity');
