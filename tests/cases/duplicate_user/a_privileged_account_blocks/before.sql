-- The first pair holds a member of staff, so somebody must look at it; the second does not wait for that.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, true),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false),
  (3, 'bob', 'bob@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (4, 'Bob', 'bob.b@example.com', '2024-01-02 00:00Z', NULL, true, NULL);
