-- The same, and nobody waives it.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE visit (person_id integer REFERENCES person, page text);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO visit VALUES (2, '/');
