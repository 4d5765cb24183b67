-- Nothing collides; the rows keep what they hold under their new keys.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE seat (hall text, person_id integer REFERENCES person, "row" integer NOT NULL, PRIMARY KEY (hall, person_id));
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO seat VALUES ('A, "x"', 1, 1), ('B', 2, 7), (E'C\n', 2, 8);
