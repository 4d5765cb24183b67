-- The row's key holds the user. Two losers collide with each other over tag 3, which the survivor lacks.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE person_tag (person_id integer REFERENCES person, tag_id integer, PRIMARY KEY (person_id, tag_id));
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false),
  (3, 'ANN', 'ann.c@example.com', '2024-01-03 00:00Z', NULL, true, false);
INSERT INTO person_tag VALUES (1, 1), (2, 1), (2, 2), (2, 3), (3, 3), (3, 4);
