-- Deferred to the end of the transaction, a collision is one all the same.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE person_tag (
  id integer PRIMARY KEY, person_id integer REFERENCES person DEFERRABLE INITIALLY DEFERRED, tag text,
  UNIQUE (person_id, tag) DEFERRABLE INITIALLY DEFERRED
);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', '2024-06-01 00:00Z', true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', NULL, true, false);
INSERT INTO person_tag VALUES (1, 1, 'tea'), (2, 2, 'tea'), (3, 2, 'milk');
