-- Nobody ever logged in: rows in all referring tables are counted together. 1 has two, 2 has three.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE purchase (id integer PRIMARY KEY, person_id integer REFERENCES person);
CREATE TABLE review (id integer PRIMARY KEY, author integer REFERENCES person, checker integer REFERENCES person);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', NULL, true, false),
  (2, 'ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO purchase VALUES (1, 1), (2, 1), (3, 2);
INSERT INTO review VALUES (1, 2, NULL), (2, NULL, 2);
