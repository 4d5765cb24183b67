-- A predicate on another column, or on other values of this one, leaves rows uncovered.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz, is_active boolean);
CREATE UNIQUE INDEX ON person (lower(name)) WHERE email IS NOT NULL;
CREATE UNIQUE INDEX ON person (lower(email)) WHERE email <> '' AND is_active;
CREATE TABLE member (id integer PRIMARY KEY, person_id integer REFERENCES person, made timestamptz, barcode text, tag text, pin text);
CREATE UNIQUE INDEX ON member (person_id) WHERE person_id > 10;
CREATE UNIQUE INDEX ON member (barcode) WHERE barcode <> 'NONE';
CREATE UNIQUE INDEX ON member (tag) WHERE tag IS NOT NULL OR person_id IS NOT NULL;
CREATE UNIQUE INDEX ON member (pin) WHERE pin IS NULL;
