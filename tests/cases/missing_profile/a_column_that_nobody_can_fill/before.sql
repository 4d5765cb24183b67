-- The tax number may not be NULL, has no default, and the mapping says nothing of it: such a row cannot be made.
-- (Text that may not be NULL would be empty, as Django has it; a number cannot be.)
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id serial PRIMARY KEY, person_id integer, made timestamptz, tax_number integer NOT NULL);
CREATE TABLE worker (id serial PRIMARY KEY, person_id integer, made timestamptz);
INSERT INTO person VALUES (1, 'a', NULL, NULL);
