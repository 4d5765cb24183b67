-- An account that is switched off loses, however lately somebody used it.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE purchase (id integer PRIMARY KEY, person_id integer REFERENCES person, what text);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', false, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false),
  (3, 'bob', 'bob@example.com', '2024-01-03 00:00Z', NULL, true, false);
INSERT INTO purchase VALUES (1, 1, 'tea'), (2, 1, 'milk'), (3, 2, 'bread'), (4, 3, 'salt'), (5, NULL, 'lost');
