-- citext lowers by the database's locale; beyond ASCII and for blanks the definition goes further.
CREATE EXTENSION citext;
CREATE TABLE person (id integer PRIMARY KEY, name citext, email citext, joined timestamptz);
INSERT INTO person (id, name) VALUES (1, 'ann'), (2, ' Ann'), (3, E'\u0130da'), (4, 'ida'), (5, 'ß'), (6, 'ss'), (7, NULL);
