-- Accounts without e-mail or name may be many; everyone else is covered.
CREATE TABLE person (id integer PRIMARY KEY, name varchar(40), email text, joined timestamptz);
CREATE UNIQUE INDEX ON person (lower(name)) WHERE name <> '';
CREATE UNIQUE INDEX ON person (lower(email)) WHERE email IS NOT NULL AND email <> '';
CREATE TABLE member (id integer PRIMARY KEY, person_id integer REFERENCES person, made timestamptz, barcode varchar(9), tag text);
CREATE UNIQUE INDEX ON member (person_id) WHERE person_id IS NOT NULL;
CREATE UNIQUE INDEX ON member (barcode) WHERE barcode <> '' AND barcode IS NOT NULL;
CREATE UNIQUE INDEX ON member (tag) WHERE tag IS NOT NULL;
