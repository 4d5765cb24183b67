-- To a unique constraint two NULLs differ, so both rows without a slot may stay; the two with slot 6 may not.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE booking (id integer PRIMARY KEY, person_id integer REFERENCES person, slot integer, UNIQUE (person_id, slot));
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO booking VALUES (1, 1, NULL), (2, 2, NULL), (3, 2, 5), (4, 1, 6), (5, 2, 6);
