-- The first pair's other account is still on; of the second group one already is off; in the third all others are.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false),
  (3, 'bob', 'bob@example.com', '2024-01-01 00:00Z', NULL, true, false),
  (4, 'Bob', 'bob.b@example.com', '2024-01-02 00:00Z', '2024-06-01 00:00Z', true, false),
  (5, 'BOB', 'bob.c@example.com', '2024-01-03 00:00Z', '2024-07-01 00:00Z', false, false),
  (6, 'cat', 'cat@example.com', '2024-01-01 00:00Z', NULL, true, false),
  (7, 'Cat', 'cat.b@example.com', '2024-01-02 00:00Z', NULL, false, false);
