-- One main address a person. Both of the first pair have one, so the loser's is a victim; the other addresses may be many.
-- The second pair's survivor has no main address: the loser's goes over.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE address (id integer PRIMARY KEY, person_id integer NOT NULL REFERENCES person, main boolean NOT NULL, city text);
CREATE UNIQUE INDEX ON address (person_id) WHERE main;
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false),
  (3, 'bob', 'bob@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (4, 'Bob', 'bob.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO address VALUES
  (1, 1, true, 'Ulm'), (2, 1, false, 'Bonn'), (3, 2, true, 'Kiel'), (4, 2, false, 'Ulm'), (5, 2, false, 'Bonn'),
  (6, 3, false, 'Ulm'), (7, 4, true, 'Kiel');
