-- Plain columns with indexes that help searching and forbid nothing.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE INDEX ON person (lower(name));
CREATE INDEX ON person (lower(email));
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, barcode text);
CREATE INDEX ON member (person_id);
CREATE INDEX ON member (barcode);
