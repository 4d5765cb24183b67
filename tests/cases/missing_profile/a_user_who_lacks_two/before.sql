-- The account lacks a row in both tables. Deleting it settles both, so one case does, and the other waits for a plan that
-- will not find it any more.
CREATE TABLE person (
  id integer PRIMARY KEY, name text, email text, joined timestamptz, seen timestamptz, active boolean, is_staff boolean
);
CREATE TABLE member (id serial PRIMARY KEY, person_id integer REFERENCES person, made timestamptz);
CREATE TABLE worker (id serial PRIMARY KEY, person_id integer REFERENCES person, made timestamptz);
INSERT INTO person VALUES (1, 'a', NULL, NULL, NULL, true, false);
