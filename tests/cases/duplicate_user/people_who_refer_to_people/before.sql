-- Who had the loser as manager gets the survivor; the loser was its own.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean, manager_id integer REFERENCES person
);
INSERT INTO person VALUES
  (5, 'eve', 'eve@example.com', '2024-01-01 00:00Z', NULL, true, false, NULL),
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false, 5),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false, 2),
  (3, 'bob', 'bob@example.com', '2024-01-02 00:00Z', NULL, true, false, 2),
  (4, 'cat', 'cat@example.com', '2024-01-02 00:00Z', NULL, true, false, 1);
UPDATE person SET manager_id = 2 WHERE id = 5;
