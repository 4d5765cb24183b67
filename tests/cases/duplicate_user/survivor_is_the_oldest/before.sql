-- Nothing else tells them apart. Who has no time comes last; of those who have none, the smallest key is first.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', NULL, NULL, true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-05 00:00Z', NULL, true, false),
  (3, 'ANN', 'ann.c@example.com', '2024-01-02 00:00Z', NULL, true, false),
  (12, 'bob', 'bob@example.com', NULL, NULL, true, false),
  (9, 'Bob', 'bob.b@example.com', NULL, NULL, true, false);
