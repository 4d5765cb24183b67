-- Half-migrated: whether the row was filled cannot be told of member, and can of worker.
CREATE TABLE person (id integer PRIMARY KEY, name text, email text, joined timestamptz);
CREATE TABLE member (id integer PRIMARY KEY, person_id integer, made timestamptz, phone text);
CREATE TABLE worker (id integer PRIMARY KEY, person_id integer, phone text);
INSERT INTO person VALUES (1, 'a', NULL, NULL);
INSERT INTO member VALUES (1, 1, NULL, NULL);
INSERT INTO worker VALUES (1, 1, '');
