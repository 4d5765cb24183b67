-- NULLS NOT DISTINCT: here two NULLs are the same.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE booking (
  id integer PRIMARY KEY, person_id integer REFERENCES person, slot integer, UNIQUE NULLS NOT DISTINCT (person_id, slot)
);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO booking VALUES (1, 1, NULL), (2, 2, NULL), (3, 2, 5), (4, NULL, NULL);
