-- Without a login time nobody can say that an account was never used.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id serial PRIMARY KEY, person_id integer, made timestamptz);
INSERT INTO person VALUES (1, 'a', NULL, NULL);
