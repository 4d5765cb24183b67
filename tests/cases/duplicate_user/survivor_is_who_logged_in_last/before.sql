-- All active; who never logged in comes last, however many rows refer to them.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE purchase (id integer PRIMARY KEY, person_id integer NOT NULL REFERENCES person DEFERRABLE INITIALLY DEFERRED);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-02-01 00:00Z', true, false),
  (2, 'Ann ', 'ann.b@example.com', '2024-01-02 00:00Z', '2024-03-01 00:00Z', true, false),
  (3, 'ANN', 'ann.c@example.com', '2024-01-03 00:00Z', NULL, true, false);
INSERT INTO purchase VALUES (1, 1), (2, 2), (3, 3), (4, 3), (5, 3);
