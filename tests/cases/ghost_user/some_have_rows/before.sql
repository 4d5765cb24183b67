-- Three ghosts: nothing refers to the first; the second has a purchase; the third is off already, and staff.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, code text, made timestamptz);
CREATE TABLE purchase (id integer PRIMARY KEY, person_id integer REFERENCES person);
INSERT INTO person VALUES
  (1, 'a', NULL, '2026-11-20 10:00Z', NULL, true, false), (2, 'b', NULL, '2026-11-20 10:00Z', NULL, true, NULL),
  (3, 'c', NULL, '2026-11-20 10:00Z', NULL, false, true), (4, 'd', NULL, '2026-11-20 10:00Z', NULL, true, false);
INSERT INTO purchase VALUES (1, 2);
