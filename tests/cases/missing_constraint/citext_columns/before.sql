-- citext compares without case, so the plain unique key is enough for it; for a code, any unique key is.
CREATE EXTENSION citext;
CREATE TABLE person (id integer PRIMARY KEY, name citext UNIQUE, email citext, joined timestamptz);
CREATE UNIQUE INDEX ON person (email) WHERE email IS NOT NULL AND email <> '';
CREATE TABLE member (id integer PRIMARY KEY, person_id integer UNIQUE REFERENCES person, made timestamptz, barcode citext UNIQUE);
