-- They go together, so neither is in the other's way.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean, invited_by integer REFERENCES person
);
INSERT INTO person VALUES
  (4, 'dan', 'dan@example.com', '2024-01-01 00:00Z', NULL, true, false, NULL),
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false, 4),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false, NULL),
  (3, 'ANN', 'ann.c@example.com', '2024-01-03 00:00Z', NULL, true, false, 2);
UPDATE person SET invited_by = 3 WHERE id = 2;
