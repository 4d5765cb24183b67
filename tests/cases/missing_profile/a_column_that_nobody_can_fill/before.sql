-- The tax number may not be NULL, has no default, and the mapping says nothing of it: such a row cannot be made.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id serial PRIMARY KEY, person_id integer, made timestamptz, tax_number text NOT NULL);
CREATE TABLE worker (id serial PRIMARY KEY, person_id integer, made timestamptz);
INSERT INTO person VALUES (1, 'a', NULL, NULL);
