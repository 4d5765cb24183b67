-- Half-migrated: each mapped column that is missing is told once, in the table where it is missing.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text);
CREATE UNIQUE INDEX ON person (lower(name));
CREATE UNIQUE INDEX ON person (lower(email));
CREATE TABLE member (id integer PRIMARY KEY, person_id integer UNIQUE REFERENCES person, phone text);
-- Dropped columns stay in the catalogue under other names, and other schemas have tables of the same name.
ALTER TABLE person ADD last_login timestamptz;
ALTER TABLE person DROP last_login;
CREATE SCHEMA older;
CREATE TABLE older.person (id integer, joined timestamptz, last_login timestamptz, is_active boolean, password text);
CREATE TABLE older.member (id integer, made timestamptz, address text, company text, barcode text, can_invite boolean);
