-- A friendship names two people and stands there once. After the merge 2's with 3 would be 1's with 3, which is there.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE friendship (
  id integer PRIMARY KEY, a integer NOT NULL REFERENCES person, b integer NOT NULL REFERENCES person, UNIQUE (a, b)
);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false),
  (3, 'bob', 'bob@example.com', '2024-01-02 00:00Z', NULL, true, false),
  (4, 'cat', 'cat@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO friendship VALUES (1, 1, 3), (2, 2, 3), (3, 3, 2), (4, 2, 4), (5, 4, 1), (6, 4, 2);
