-- The survivor's blank e-mail and unmapped columns are filled, newest loser first, field by field; what it has, it keeps.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean, city text, street text NOT NULL, phone text
);
CREATE UNIQUE INDEX ON person (lower(email));
INSERT INTO person VALUES
  (1, 'ann', ' ', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false, NULL, E'\u00a0', '5'),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false, 'Ulm', 'Lane 1', '6'),
  (3, 'ANN', 'ann.c@example.com', '2024-01-03 00:00Z', NULL, true, false, 'Bonn', '', NULL);
