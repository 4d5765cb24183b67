-- Somebody asked her: both are hers.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE purchase (id integer PRIMARY KEY, person_id integer REFERENCES person);
INSERT INTO person VALUES
  (1, 'ann', 'ann@example.com', '2024-01-01 00:00Z', date_trunc('month', now()), true, false),
  (2, 'Ann', 'ann.b@example.com', '2024-01-02 00:00Z', date_trunc('month', now()) - interval '1 day', true, false);
INSERT INTO purchase VALUES (1, 2);
