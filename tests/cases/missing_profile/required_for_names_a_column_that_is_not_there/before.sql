-- Half-migrated: who must have a member row cannot be told, so nobody is accused; the worker table is still read.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz);
CREATE TABLE worker (id integer PRIMARY KEY, person_id integer);
INSERT INTO person VALUES (1, 'a', NULL, '2024-01-01 00:00:00+00');
