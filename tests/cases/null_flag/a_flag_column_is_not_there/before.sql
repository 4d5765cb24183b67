-- Half-migrated, as some academies were: the other flag is still looked at; where it is the only one, no row is accused.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, writes boolean);
CREATE TABLE worker (id integer PRIMARY KEY, person_id integer);
INSERT INTO person VALUES (1, 'a', NULL, '2024-01-01 00:00:00+00');
INSERT INTO member VALUES (1, 1, NULL), (2, 1, true);
INSERT INTO worker VALUES (1, 1);
