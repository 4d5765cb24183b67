-- Times before 1970 fall into slices as others do.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, code text, made timestamptz);
INSERT INTO person (id, name, email, joined, seen) VALUES
    (1, NULL, NULL, '1969-12-31 23:59:59+00', NULL),
    (2, NULL, NULL, '1969-12-31 23:59:57+00', NULL),
    (3, NULL, NULL, '1970-01-01 00:00:02+00', NULL);
