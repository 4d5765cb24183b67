-- An index or a foreign key binds the rows of its own table; those of the tables that inherit from it are read too.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE UNIQUE INDEX ON person (lower(name));
CREATE UNIQUE INDEX ON person (lower(email));
CREATE TABLE member (id integer PRIMARY KEY, person_id integer UNIQUE REFERENCES person, made timestamptz, barcode text UNIQUE);
CREATE TABLE guest () INHERITS (member);
INSERT INTO person VALUES (1, 'a', 'a@example.com', NULL);
INSERT INTO member VALUES (1, 1, NULL, 'x');
INSERT INTO guest VALUES (2, 1, NULL, 'x');
