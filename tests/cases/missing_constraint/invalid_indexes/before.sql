-- What a CREATE UNIQUE INDEX CONCURRENTLY leaves that met a duplicate: there, named, and forbidding nothing of the past.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE UNIQUE INDEX person_name ON person (lower(name));
CREATE UNIQUE INDEX person_email ON person (lower(email));
CREATE UNIQUE INDEX person_email_again ON person (lower(email));
CREATE TABLE alone (id integer PRIMARY KEY, who integer REFERENCES person, barcode text);
CREATE UNIQUE INDEX alone_who ON alone (who);
CREATE UNIQUE INDEX alone_barcode ON alone (barcode);
CREATE TABLE beside (id integer PRIMARY KEY, who integer UNIQUE REFERENCES person, barcode text UNIQUE);
CREATE UNIQUE INDEX beside_who ON beside (who);
CREATE UNIQUE INDEX beside_barcode ON beside (barcode);
-- Not on exactly that column, or not unique: no half-made constraint of it.
CREATE TABLE elsewhere (id integer PRIMARY KEY, who integer UNIQUE REFERENCES person, barcode text UNIQUE);
CREATE UNIQUE INDEX elsewhere_both ON elsewhere (who, barcode);
CREATE INDEX elsewhere_who ON elsewhere (who);
UPDATE pg_index SET indisvalid = false WHERE indexrelid IN (
  'person_name'::regclass, 'person_email_again'::regclass, 'alone_who'::regclass, 'alone_barcode'::regclass,
  'beside_who'::regclass, 'beside_barcode'::regclass, 'elsewhere_both'::regclass, 'elsewhere_who'::regclass
);
