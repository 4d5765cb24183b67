-- A schema that keeps the race out: one row a user, one account a spelling, one row a code.
CREATE TABLE person (id integer PRIMARY KEY, name varchar(40), email text, joined timestamptz);
CREATE UNIQUE INDEX ON person (lower(name));
CREATE UNIQUE INDEX ON person (upper(email));
CREATE TABLE member (
  id integer PRIMARY KEY, person_id integer UNIQUE REFERENCES person, made timestamptz, barcode text UNIQUE, active boolean
);
