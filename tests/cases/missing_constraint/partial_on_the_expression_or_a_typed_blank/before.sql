-- The catalogue prints a cast beside the column, the literal, or both; the predicate still excludes only '' and NULL.
CREATE TABLE person (id integer PRIMARY KEY, name varchar(40), email char(60), joined timestamptz);
CREATE UNIQUE INDEX ON person (lower(name::text)) WHERE name::text <> ''::text AND name IS NOT NULL;
CREATE UNIQUE INDEX ON person (lower(email)) WHERE email <> '';
CREATE TABLE member (id integer PRIMARY KEY, person_id integer REFERENCES person, made timestamptz, barcode text, tag text);
CREATE UNIQUE INDEX ON member (person_id) WHERE (person_id IS NOT NULL AND person_id IS NOT NULL);
CREATE UNIQUE INDEX ON member (barcode) INCLUDE (tag) WHERE (barcode <> ''::text);
CREATE UNIQUE INDEX ON member (tag) WHERE tag <> ' ';
