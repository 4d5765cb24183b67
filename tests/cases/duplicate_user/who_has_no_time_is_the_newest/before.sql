-- The order of the newest is the reverse of the oldest's: without a time first.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean, city text
);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false, NULL),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false, 'Ulm'),
  (3, 'ANN', 'ann.c@example.com', NULL, NULL, true, false, 'Bonn');
