-- What `mendbook guard` prints: indexes that trim, and leave out what is nothing but blanks. Another text's blanks are not it.
CREATE TABLE person (id integer PRIMARY KEY, name varchar(40), email text, joined timestamptz);
CREATE UNIQUE INDEX ON person (lower(btrim(name))) WHERE btrim(name) <> '';
CREATE UNIQUE INDEX ON person (lower(btrim(email) COLLATE "C")) WHERE trim(both from email) <> '';
CREATE TABLE member (id integer PRIMARY KEY, person_id integer UNIQUE REFERENCES person, made timestamptz, barcode text, tag text);
CREATE UNIQUE INDEX ON member (barcode) WHERE btrim(barcode) <> '';
CREATE UNIQUE INDEX ON member (tag) WHERE btrim(barcode) <> '';
