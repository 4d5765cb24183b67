-- What is not mapped is not missed.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text);
